"""The async client on a transport that is no network."""

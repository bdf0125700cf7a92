"""The service calls of a turn, with this package's integrations and with AWS's."""

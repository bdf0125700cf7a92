"""Tests of the async client on transports without a network."""

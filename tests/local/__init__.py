"""Tests of the local service."""

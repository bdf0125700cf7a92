"""Tests of the sync API."""

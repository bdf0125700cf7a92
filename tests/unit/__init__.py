"""Tests of pure modules: no I/O, no waiting."""

"""Tests of tracing, metrics, logs and usage."""

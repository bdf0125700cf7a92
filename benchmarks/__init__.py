"""Benchmarks, one folder for each question."""

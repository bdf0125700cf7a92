"""Benchmarks, a folder for each question."""

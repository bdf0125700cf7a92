"""Delay and cost of the extraction poller."""

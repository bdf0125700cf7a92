"""Processor time of a call; see the README in this folder."""

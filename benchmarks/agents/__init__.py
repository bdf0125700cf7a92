"""Agents of each framework, with its integration."""

"""The sync facade: what it has to survive."""

"""How soon the extraction poller notices, and what it costs."""

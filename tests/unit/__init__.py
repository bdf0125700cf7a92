"""Pure modules: no I/O, no waiting."""

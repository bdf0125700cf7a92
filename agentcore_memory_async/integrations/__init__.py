"""Web frameworks, one module each, which imports its framework; nothing else here does."""

__all__ = ()

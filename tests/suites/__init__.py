"""The frameworks' own tests, on the integrations: see ``__main__``."""

"""The table of operations: what carries each member of the service models, found by calling."""

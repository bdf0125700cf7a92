"""The package beside others that agents use: see README.md of this folder."""

"""``doctor``: what is wrong with a set-up, and what cures it."""

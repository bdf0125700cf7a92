"""Programs that the tests of this folder run, each in a process of its own."""

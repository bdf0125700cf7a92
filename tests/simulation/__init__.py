"""
The client under faults, in virtual time: real aiobotocore, a service in memory, seeds that replay.

``python -m tests.simulation.soak`` runs many seeds; the tests here run a few.
"""

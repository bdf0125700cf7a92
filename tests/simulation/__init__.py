"""
The client under faults, in virtual time: real aiobotocore, a simulated service, replayable seeds.

``python -m tests.simulation.soak`` runs many seeds; the tests here run a few.
"""

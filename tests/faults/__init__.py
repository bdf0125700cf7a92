"""
Real sockets that misbehave: a proxy before the local service.

What a simulation can't show: resets, half-closed connections, bodies that drip or end early,
black holes, waits for the pool. ``python -m tests.faults.soak`` sends real conversations through.
"""

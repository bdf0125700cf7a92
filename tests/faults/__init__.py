"""
Faults of real sockets, injected by a proxy in front of the local service.

They cover what a simulation cannot: resets, half-closed connections, bodies that drip or end
early, black holes, waits for the pool. ``python -m tests.faults.soak`` sends conversations through
the proxy.
"""

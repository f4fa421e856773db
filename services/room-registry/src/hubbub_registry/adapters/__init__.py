"""NATS and metrics: implementations of the ports, and the loops that run the periodic jobs."""

"""NATS: implementations of the ports, and the loops that fire deadlines and follow rooms."""

"""Implementations of the ports: bus, DTLS, network, DNS and metrics."""

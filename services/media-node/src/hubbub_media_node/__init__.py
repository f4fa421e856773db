"""Transports, producers and consumers: the node that forwards media."""

"""Typed requests, events, records and leases over NATS."""

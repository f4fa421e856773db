"""Capability negotiation between an endpoint and a router (what mediasoup calls ortc)."""

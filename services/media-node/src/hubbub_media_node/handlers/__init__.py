"""One handler per request: asks the domain, drives the adapters through ports."""

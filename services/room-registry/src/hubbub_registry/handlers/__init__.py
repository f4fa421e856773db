"""Request handlers, and the periodic jobs that use the same ports."""

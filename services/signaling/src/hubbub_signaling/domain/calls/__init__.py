"""Rules about what clients see of calls."""

"""State and decisions, without I/O. Time is an argument."""

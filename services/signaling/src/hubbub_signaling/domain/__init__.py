"""State and rules without I/O. Time is an argument."""

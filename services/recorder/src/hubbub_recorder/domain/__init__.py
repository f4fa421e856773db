"""Rules about recordings. No I/O; time is an argument."""

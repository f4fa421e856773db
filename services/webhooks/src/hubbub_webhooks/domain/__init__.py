"""Rules about calls. No I/O; time is an argument."""

"""Rules without I/O: state, decisions and their tables. Time is an argument."""

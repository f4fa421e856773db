"""The rules, free of I/O: state, decisions and their tables."""

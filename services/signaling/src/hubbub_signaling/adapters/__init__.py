"""The rim: whatever talks to the bus, a socket, a clock or the core."""

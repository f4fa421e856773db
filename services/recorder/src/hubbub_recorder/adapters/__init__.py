"""NATS, media, files, and the processes that write them."""

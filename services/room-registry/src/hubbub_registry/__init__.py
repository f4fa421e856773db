"""The registry: rooms, peers, producers, placement, and the liveness of media nodes."""

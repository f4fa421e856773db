"""Socket.IO messages between clients and signaling, one module per entity."""

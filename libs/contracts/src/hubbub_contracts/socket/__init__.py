"""Messages between a client and signaling over Socket.IO, one module per entity."""

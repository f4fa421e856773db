"""The conversation with a client: Socket.IO sessions, HTTP API and the demo page."""

"""Signaling: Socket.IO sessions, the HTTP API and the call page."""

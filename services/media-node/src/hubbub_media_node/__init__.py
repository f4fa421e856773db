"""The media node of the SFU: WebRTC transports, producers and consumers."""

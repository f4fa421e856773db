"""Speech to text, decoding, voice activity, NATS and files: implementations of the ports."""

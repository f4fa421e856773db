"""Makes one file of the tracks of a recording. Runs in a process of its own; nothing here knows NATS or asyncio."""

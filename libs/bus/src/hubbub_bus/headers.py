"""Names of the message headers. JetStream's are spelled as the server spells them."""

DEADLINE = "Hubbub-Deadline"
"""Unix milliseconds after which a request must not be executed."""

OPERATION = "Hubbub-Operation"
"""The id of the operation that caused a request or a stored change."""

REASON = "Hubbub-Reason"
"""Why a key was purged."""

SEQUENCE = "Nats-Sequence"
"""The stream sequence of a republished change."""

STATUS = "Status"
"""Of a control message: nats-py stores the inline status under this name."""
LAST_CONSUMER = "Nats-Last-Consumer"
"""In a heartbeat: the consumer sequence of the last message before it."""
CONSUMER_STALLED = "Nats-Consumer-Stalled"
"""In a heartbeat: the subject on which the server waits for the answer to a flow control request."""

EXPECTED_LAST = "Nats-Expected-Last-Subject-Sequence"
TTL = "Nats-TTL"
ROLLUP = "Nats-Rollup"
KV_OPERATION = "KV-Operation"
MARKER_REASON = "Nats-Marker-Reason"
EXPIRED = "MaxAge"
"""The value of MARKER_REASON when a key's time to live has run out."""

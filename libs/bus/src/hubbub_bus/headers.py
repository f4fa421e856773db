"""Names of the headers that messages carry. Those of JetStream are as the server spells them."""

DEADLINE = "Hubbub-Deadline"
"""Unix milliseconds after which a request is not executed."""

OPERATION = "Hubbub-Operation"
"""The id of the operation that a request or a stored change belongs to."""

REASON = "Hubbub-Reason"
"""Why a key was purged."""

SEQUENCE = "Nats-Sequence"
"""Of a republished change: its sequence in the bucket."""

EXPECTED_LAST = "Nats-Expected-Last-Subject-Sequence"
TTL = "Nats-TTL"
ROLLUP = "Nats-Rollup"
KV_OPERATION = "KV-Operation"
MARKER_REASON = "Nats-Marker-Reason"
EXPIRED = "MaxAge"
"""The value of the marker's reason when a key's time to live ran out."""

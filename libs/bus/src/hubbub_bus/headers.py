"""Names of the message headers. JetStream's are spelled as the server spells them."""

TIMEOUT = "Hubbub-Timeout"
"""Milliseconds for which the caller of a request still waits."""

DEADLINE = "Hubbub-Deadline"
"""Unix milliseconds after which a request must not be executed. Older versions send it instead of TIMEOUT."""

MAX_PARTS = "Hubbub-Max-Parts"
"""How many messages the caller of a request accepts as its reply. When absent, one."""

PART = "Hubbub-Part"
"""`i/n`: a message is part `i`, from 1, of a reply in `n` parts."""

OPERATION = "Hubbub-Operation"
"""The id of the operation that caused a request or a stored change."""

REASON = "Hubbub-Reason"
"""Why a key was purged."""

REVISION = "Hubbub-Revision"
"""The sequence that a change in a log has in its bucket."""

REPUBLISHED_AT = "Nats-Time-Stamp"
"""The time of the write of a republished change, in RFC 3339."""

WRITTEN_AT = "Hubbub-Written-At"
"""The same time of a change in a log."""

SEQUENCE = "Nats-Sequence"
"""The stream sequence of a republished change, or of a message that a direct get returns."""

SUBJECT = "Nats-Subject"
"""The subject of a message that a direct get returns."""

STATUS = "Status"
"""Of a control message: nats-py stores the inline status under this name."""
DESCRIPTION = "Description"
"""Of a control message: the text after the inline status."""

PENDING_MESSAGES = "Nats-Pending-Messages"
"""Of a control message: the number of messages that the page lacks."""

MESSAGE_ID = "Nats-Msg-Id"
"""JetStream stores a message once, when it gets another one with the same id within the stream's duplicate window."""

EXPECTED_LAST = "Nats-Expected-Last-Subject-Sequence"
TTL = "Nats-TTL"
ROLLUP = "Nats-Rollup"
KV_OPERATION = "KV-Operation"
MARKER_REASON = "Nats-Marker-Reason"
EXPIRED = "MaxAge"
"""The value of MARKER_REASON when a key's time to live has run out."""

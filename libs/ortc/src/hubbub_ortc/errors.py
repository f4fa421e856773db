"""The errors of negotiation. Each says whose fault it is; nothing else is ever raised.

| error                     | meaning                                                | in mediasoup       |
|---------------------------|--------------------------------------------------------|--------------------|
| `InvalidParameters`       | the argument is malformed: its sender must change it   | `TypeError`        |
| `Unsupported`             | well formed, but the two sides have nothing in common  | `UnsupportedError` |
| `PayloadTypesExhausted`   | well formed, but more codecs than payload types        | `Error`            |

The names are stable; the messages are for people and may change.
"""


class InvalidParameters(TypeError):
    """The argument is malformed. The message names the field."""


class Unsupported(Exception):
    """The argument is well formed, but no codec of one side matches the other side."""


class PayloadTypesExhausted(Unsupported):
    """More codecs than the 32 dynamic payload types (RFC 3551, section 6) have room for."""

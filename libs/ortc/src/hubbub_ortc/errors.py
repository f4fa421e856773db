"""The errors of negotiation. The library raises no others.

| error                     | meaning                                                | in mediasoup       |
|---------------------------|--------------------------------------------------------|--------------------|
| `InvalidParameters`       | the argument is malformed: the sender is at fault      | `TypeError`        |
| `Unsupported`             | well formed, but the two sides have no codec in common | `UnsupportedError` |
| `PayloadTypesExhausted`   | well formed, but there are too few payload types       | `Error`            |

The names are stable. The messages may change.
"""


class InvalidParameters(TypeError):
    """The argument is malformed. The message names the field."""


class Unsupported(Exception):
    """The argument is well formed, but no codec of one side matches the other side."""


class PayloadTypesExhausted(Unsupported):
    """There are more codecs than the 32 dynamic payload types (RFC 3551, section 6)."""

"""Publishing by WHIP (RFC 9725)."""

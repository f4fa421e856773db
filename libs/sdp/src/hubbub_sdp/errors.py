"""The errors of this library. It raises no others."""

from __future__ import annotations


class InvalidSdp(ValueError):
    """The text is malformed, or beyond a bound. The message names the line."""


class UnsupportedSdp(Exception):
    """The offer is well formed, but cannot be answered. The message says why, and names the media section."""

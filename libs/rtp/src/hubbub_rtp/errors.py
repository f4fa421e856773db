"""Errors of the receive path."""

from __future__ import annotations


class InvalidRtpParameters(ValueError):
    """The RTP parameters of a consumer are malformed."""


class UnsupportedCodec(ValueError):
    """The receive path has no depacketizer, or PyAV no decoder, for the codec."""

"""Hubbub's wire contract: models of bus and socket messages, ids, subjects and error codes."""

from .base import Done, Event, Model, Request
from .errors import ErrorBody, ErrorCode, ErrorReply, HubbubError, QuotaExceeded

__all__ = ["Done", "ErrorBody", "ErrorCode", "ErrorReply", "Event", "HubbubError", "Model", "QuotaExceeded", "Request"]

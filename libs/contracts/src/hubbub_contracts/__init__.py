"""Hubbub's messages: models of the bus and of the socket, ids, subjects and error codes."""

from .base import Done, Event, Model, Request
from .errors import ErrorBody, ErrorCode, ErrorReply, HubbubError

__all__ = ["Done", "ErrorBody", "ErrorCode", "ErrorReply", "Event", "HubbubError", "Model", "Request"]

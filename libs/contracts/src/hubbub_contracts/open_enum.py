"""Enumerations that may grow.

A service may report a value that an older version does not know: in an event, a reply or a record. The older version
reads it as `other` instead of refusing the message. Requests that tell a service what to do have closed enumerations:
it must not do something else instead.
"""

from __future__ import annotations

from typing import Any, Final, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

OTHER: Final = "other"
"""The value that unknown values are read as."""


class OpenEnum:
    """Makes an enumeration open: `Annotated[Literal["a", "b", "other"], OpenEnum()]`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reads unknown texts as `other`. Raises TypeError for an enumeration without that value."""
        known = frozenset(get_args(source))
        if OTHER not in known:
            raise TypeError(f"{source} has no value {OTHER!r}")

        def read(value: Any) -> Any:
            return OTHER if isinstance(value, str) and value not in known else value

        return core_schema.no_info_before_validator_function(read, handler(source))

"""`python -m hubbub_cli.configuration_page` writes the reference of all settings; with `--check` it fails when stale.

The page is generated from the settings models and the command line.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from typer.core import TyperGroup, TyperOption
from typer.main import get_command

from hubbub_calls.settings import Settings as Calls
from hubbub_captions.settings import Settings as Captions
from hubbub_contracts.generate.documents import write_or_check
from hubbub_media_node.settings import Settings as MediaNode
from hubbub_recorder.settings import Settings as Recorder
from hubbub_registry.settings import Settings as Registry
from hubbub_service import ServiceSettings
from hubbub_signaling.settings import Settings as Signaling
from hubbub_webhooks.settings import Settings as Webhooks

from .main import app

SERVICES: dict[str, type[ServiceSettings]] = {
    "Signaling": Signaling,
    "Registry": Registry,
    "Media node": MediaNode,
    "Calls": Calls,
    "Captions": Captions,
    "Recorder": Recorder,
    "Webhooks": Webhooks,
}
_HEAD = """\
# Configuration

Generated from the code by `python -m hubbub_cli.configuration_page`; do not edit. `make check` fails when it is stale.

Services read environment variables once, at the start. For each wrong value a service prints a line that names the
variable, and exits with status 2. An empty variable counts as absent, and an unknown variable is ignored. `hubbub up`
passes its own environment on to every service.
"""
_KINDS: dict[Any, str] = {int: "integer", float: "number", str: "text", Path: "path", SecretStr: "secret"}
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "length ≥", "max_length": "length ≤"}


def configuration_page() -> str:
    """The whole page, in Markdown."""
    lines = [_HEAD, "## Every service", "", *_variables(ServiceSettings.model_fields)]
    for name, model in SERVICES.items():
        own = {key: field for key, field in model.model_fields.items() if key not in ServiceSettings.model_fields}
        lines += ["", f"## {name}", "", *_variables(own)]
    root = get_command(app)
    if isinstance(root, TyperGroup):
        lines += ["", *_commands(root, "hubbub")]
    return "\n".join(lines).rstrip() + "\n"


def _variables(fields: dict[str, FieldInfo]) -> Iterator[str]:
    yield "| variable | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in fields.items():
        variable = field.validation_alias if isinstance(field.validation_alias, str) else name
        value = ", ".join([_kind(field.annotation), *_bounds(field)])
        default = _shown(None if field.default_factory else field.default)
        yield f"| `{variable.upper()}` | {value} | {default} | {_cell(field.description)} |"


def _commands(group: TyperGroup, path: str) -> Iterator[str]:
    """A table for each command that has options, including commands in nested groups."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{path} {name}")
            continue
        options = [one for one in command.params if isinstance(one, TyperOption) and not one.hidden]
        yield f"## `{path} {name}`"
        yield ""
        yield _cell((command.help or "").split("\n\n")[0])
        yield ""
        if not options:
            continue
        yield "| option | variable | default | meaning |"
        yield "|---|---|---|---|"
        for option in options:
            default = option.show_default
            if not isinstance(default, str):
                default = "" if option.is_flag else _shown(option.default)
            names = " ".join(f"`{one}`" for one in option.opts)
            variable = f"`{option.envvar}`" if isinstance(option.envvar, str) else ""
            yield f"| {names} | {variable} | {default} | {_cell(option.help)} |"
        yield ""


def _kind(annotation: Any) -> str:
    """The accepted values, in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in parts if part is not type(None))
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if annotation is bool:
        return "`true`, `false`"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    return _KINDS.get(annotation, "JSON")


def _bounds(field: FieldInfo) -> Iterator[str]:
    for rule in field.metadata:
        for attribute, sign in _BOUNDS.items():
            if (bound := getattr(rule, attribute, None)) is not None:
                yield f"{sign} {bound}"


def _shown(value: Any) -> str:
    """A default as Markdown; empty when there is none."""
    if value is None:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str | None) -> str:
    return " ".join((text or "").replace("|", "\\|").split())


if __name__ == "__main__":
    documents = {"docs/reference/configuration.md": configuration_page}
    raise SystemExit(write_or_check(documents, "hubbub_cli.configuration_page", sys.argv[1:]))

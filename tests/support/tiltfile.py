"""Evaluates the Tiltfile without Tilt: a real Starlark interpreter, and Tilt functions that record their calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import starlark

from .installation import REPOSITORY

_STEPS = ("sync", "run", "fall_back_on", "restart_container")
_DECLARATIONS = ("docker_compose", "docker_build", "dc_resource", "local_resource", "cmd_button")
_PRELUDE = """
os = struct(getenv = _getenv)
TRIGGER_MODE_MANUAL = "manual"
"""
_EXTENSIONS = {
    "ext://uibutton": 'location = struct(NAV = "nav", RESOURCE = "resource")\ncmd_button = _cmd_button',
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a Tilt function."""

    arguments: tuple[Any, ...]
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """The first argument, which usually is a name."""
        return str(self.arguments[0])


@dataclass
class Tiltfile:
    """The recorded calls, by function."""

    path: Path = REPOSITORY / "Tiltfile"
    calls: dict[str, list[Call]] = field(default_factory=lambda: {name: [] for name in _DECLARATIONS})

    @classmethod
    def read(cls) -> Tiltfile:
        """Evaluates the file. Raises starlark.StarlarkError for invalid Starlark and for functions that Tilt lacks."""
        tiltfile = cls()
        module = tiltfile._module()
        text = tiltfile.path.read_text(encoding="utf-8")
        loader = starlark.FileLoader(tiltfile._extension)
        starlark.eval(module, starlark.parse(tiltfile.path.name, text, _dialect()), _globals(), loader)
        return tiltfile

    def _module(self) -> starlark.Module:
        module = starlark.Module()
        for name in _DECLARATIONS:
            module.add_callable(name, self._recorder(name))
        for step in _STEPS:
            module.add_callable(step, _step(step))
        module.add_callable("encode_yaml", lambda value: value)
        module.add_callable("link", lambda url, name: [url, name])
        module.add_callable("_getenv", lambda _name, default="": default)
        starlark.eval(module, starlark.parse("prelude", _PRELUDE), _globals())
        return module

    def _extension(self, name: str) -> starlark.FrozenModule:
        module = starlark.Module()
        module.add_callable("_cmd_button", self._recorder("cmd_button"))
        starlark.eval(module, starlark.parse(name, _EXTENSIONS[name]), _globals())
        return module.freeze()

    def _recorder(self, name: str) -> Callable[..., None]:
        def record(*arguments: Any, **options: Any) -> None:
            self.calls[name].append(Call(arguments, options))

        return record


def _step(name: str) -> Callable[..., list[Any]]:
    def step(*arguments: Any) -> list[Any]:
        return [name, *arguments]

    return step


def _dialect() -> starlark.Dialect:
    """Tilt's dialect, which has neither types nor f-strings."""
    dialect = starlark.Dialect.standard()
    dialect.enable_load = True
    dialect.enable_top_level_stmt = True
    return dialect


def _globals() -> starlark.Globals:
    return starlark.Globals.extended_by([starlark.LibraryExtension.StructType])

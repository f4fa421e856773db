"""compose.yaml and its overrides, parsed without a container engine."""

from __future__ import annotations

from typing import Any

import yaml

from .installation import REPOSITORY


class _Loader(yaml.SafeLoader):
    """Supports Compose's own tags, which remove or replace values of another file."""


_Loader.add_constructor("!reset", lambda _loader, _node: None)
_Loader.add_constructor("!override", lambda loader, node: loader.construct_object(node, deep=True))


def read(name: str) -> dict[str, Any]:
    """The file with anchors and merges resolved and variables unresolved."""
    document: dict[str, Any] = yaml.load((REPOSITORY / name).read_text(encoding="utf-8"), _Loader)
    return document


def own_services(services: dict[str, dict[str, Any]]) -> list[str]:
    """The names of the services whose images this repository builds."""
    return [
        name for name, each in services.items() if each.get("build", {}).get("dockerfile", "").startswith("services/")
    ]

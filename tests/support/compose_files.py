"""compose.yaml and what lies on top of it, read without an engine."""

from __future__ import annotations

from typing import Any

import yaml

from .installation import REPOSITORY


class _Loader(yaml.SafeLoader):
    """Knows Compose's own tags, which take away what another file said."""


_Loader.add_constructor("!reset", lambda _loader, _node: None)
_Loader.add_constructor("!override", lambda loader, node: loader.construct_object(node, deep=True))


def read(name: str) -> dict[str, Any]:
    """The file of this name, anchors and merges resolved, variables as they are written."""
    document: dict[str, Any] = yaml.load((REPOSITORY / name).read_text(encoding="utf-8"), _Loader)
    return document


def own_services(services: dict[str, dict[str, Any]]) -> list[str]:
    """The names of those that run code of this repository."""
    return [
        name for name, each in services.items() if each.get("build", {}).get("dockerfile", "").startswith("services/")
    ]

"""JSON Schema of messages as Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from ..types import Id

_ID = TypeAdapter(Id).json_schema()


def table(title: str, model: dict[str, Any]) -> Iterator[str]:
    """The fields of a model."""
    fields: dict[str, dict[str, Any]] = model.get("properties", {})
    if not fields:
        yield f"{title}: `{{}}`\n"
        return
    yield f"| {title} | type | description |\n|---|---|---|"
    for name, field in fields.items():
        mark = "" if name in model.get("required", ()) else "?"
        yield f"| `{name}{mark}` | {type_in_words(field)} | {field['description']} |"
    yield ""


def model_name(reference: dict[str, str]) -> str:
    return reference["$ref"].rsplit("/", 1)[-1]


def referenced_models(models: dict[str, dict[str, Any]]) -> set[str]:
    """The names of the models that are the type of a field of another model."""
    return set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(models)))


def type_in_words(field: dict[str, Any]) -> str:
    """The JSON Schema of a field in words, with its range."""
    if "$ref" in field:
        return f"[{model_name(field)}](#{model_name(field).lower()})"
    if "enum" in field:
        return " \\| ".join(f'`"{value}"`' for value in field["enum"])
    if "const" in field:
        return f'`"{field["const"]}"`'
    if "anyOf" in field:
        return " \\| ".join(type_in_words(option) for option in field["anyOf"] if option.get("type") != "null")
    if field.get("pattern") == _ID["pattern"]:
        return "id"
    if field["type"] == "array":
        return f"{type_in_words(field['items'])}[]{_range(field, 'minItems', 'maxItems', '')}"
    if field["type"] == "integer":
        return f"integer{_range(field, 'minimum', 'maximum', '')}"
    return f"{field['type']}{_range(field, 'minLength', 'maxLength', ' characters')}"


def _range(field: dict[str, Any], least: str, most: str, unit: str) -> str:
    low, high = field.get(least), field.get(most)
    if low is None and high is None:
        return ""
    if high is None:
        return f", at least {low}{unit}"
    return f", at most {high}{unit}" if low is None else f", {low} to {high}{unit}"

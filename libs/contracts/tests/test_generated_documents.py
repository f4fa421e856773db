"""The generated reference is complete."""

from __future__ import annotations

from hubbub_contracts.generate.field_docs import field_docs
from hubbub_contracts.generate.schemas import socket_document
from hubbub_contracts.generate.socket_page import socket_page
from hubbub_contracts.socket.room import JoinRoom


def test_every_message_and_field_of_the_socket_has_a_description() -> None:
    models = socket_document()["$defs"]
    fields = {f"{name}.{key}": field for name, model in models.items() for key, field in model["properties"].items()}
    assert len(fields) > 100
    assert [name for name, part in (models | fields).items() if not part.get("description")] == []


def test_field_docs_include_inherited_fields() -> None:
    docs = field_docs(JoinRoom)
    assert docs["display_name"] == "The name that the other peers show; `userId` by default."
    assert docs["operation_id"].startswith("Makes the event idempotent")


def test_socket_page_states_ranges_optional_fields_and_nested_objects() -> None:
    page = socket_page()
    assert "| `userId` | string, 1 to 128 characters |" in page
    assert "| `operationId?` | string, at most 64 characters |" in page
    assert "| `peers` | [PeerInfo](#peerinfo)[] |" in page
    assert "\n### PeerInfo\n" in page

"""The bus messages as an AsyncAPI 3 document."""

from __future__ import annotations

import inspect
import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .. import subjects
from ..base import Event, Request
from ..bus import (
    call_records,
    captions,
    catalogue,
    media,
    node,
    recording_records,
    records,
    revocation,
    room,
    speaker,
    tenant,
)
from ..errors import ErrorReply
from ..version import VERSION
from .field_docs import DescribedSchema

_EVENT_SUBJECTS: dict[type[Event], str] = {
    node.NodeHeartbeat: subjects.heartbeat("{nodeId}"),
    room.RoomRevisions: subjects.REVISIONS,
    tenant.TenantQuotas: subjects.TENANT_QUOTAS,
    room.RoomAnnounced: subjects.announcements("{roomId}"),
    media.TransportConnected: subjects.media("{roomId}", "{peerId}"),
    media.TransportDisconnected: subjects.media("{roomId}", "{peerId}"),
    media.ProducerLayersWanted: subjects.media("{roomId}", "{peerId}"),
    media.ConsumerLayersChanged: subjects.media("{roomId}", "{peerId}"),
    media.ProducerScoreChanged: subjects.media("{roomId}", "{peerId}"),
    media.ConsumerScoreChanged: subjects.media("{roomId}", "{peerId}"),
    media.ConsumerPaused: subjects.media("{roomId}", "{peerId}"),
    media.ConsumerResumed: subjects.media("{roomId}", "{peerId}"),
    media.TransportClosed: subjects.media("{roomId}", "{peerId}"),
    media.ProducerClosed: subjects.media("{roomId}", "{peerId}"),
    media.ConsumerClosed: subjects.media("{roomId}", "{peerId}"),
    speaker.ActiveSpeakerChanged: subjects.speakers("{roomId}"),
    speaker.AudioLevelsChanged: subjects.speakers("{roomId}"),
    captions.CaptionChanged: subjects.room_captions("{roomId}"),
    captions.CaptionsLimited: subjects.room_captions("{roomId}"),
}
_RECORDS: dict[str, type[BaseModel]] = {
    f"hubbub.v1.room.{{roomId}}.{subjects.SETTINGS}.room": records.RoomRecord,
    f"hubbub.v1.room.{{roomId}}.{subjects.PEER}.{{peerId}}": records.PeerRecord,
    f"{subjects.CALL_CHANGES}{{key}}": call_records.CallRecord,
    f"{subjects.CALL_HISTORY}.{{user}}.{{callId}}": call_records.CallRecord,
    f"$KV.{subjects.RECORDINGS_BUCKET}.{{key}}": recording_records.RecordingRecord,
    f"$KV.{subjects.REVOCATIONS_BUCKET}.{{key}}": revocation.RevocationRecord,
}


def asyncapi() -> str:
    """Channels, operations, messages and schemas, as JSON text with sorted keys."""
    requests: list[tuple[type[Request[Any]], str]] = [
        *((request, subjects.registry(request.verb)) for request in catalogue.REGISTRY_REQUESTS),
        *((request, subjects.calls(request.verb)) for request in catalogue.CALLS_REQUESTS),
        *((request, _captions_subject(request)) for request in catalogue.CAPTIONS_REQUESTS),
        *((request, subjects.recorder(request.verb)) for request in catalogue.RECORDER_REQUESTS),
        *((request, subjects.webhooks(request.verb)) for request in catalogue.WEBHOOKS_REQUESTS),
        *((request, subjects.signaling(request.verb)) for request in catalogue.SIGNALING_REQUESTS),
        *((request, f"hubbub.v1.node.{{nodeId}}.{{epoch}}.{request.verb}") for request in catalogue.NODE_REQUESTS),
        *((request, subjects.cluster_ping("{cluster}")) for request in catalogue.CLUSTER_REQUESTS),
    ]
    published: list[tuple[type[BaseModel], str]] = [
        *((event, _EVENT_SUBJECTS[event]) for event in catalogue.EVENTS),
        *((record, subject) for subject, record in _RECORDS.items()),
    ]
    messages: list[type[BaseModel]] = [
        *(request for request, _ in requests),
        *(model for model, _ in published),
    ]
    messages += [*(request.reply_model() for request, _ in requests), ErrorReply]
    names = {model: _name(model) for model in messages}
    keyed, definitions = models_json_schema(
        [(model, "validation") for model in names],
        ref_template="#/components/schemas/{model}",
        schema_generator=DescribedSchema,
    )
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for model, subject in [*requests, *published]:
        name = names[model]
        channel = channels.setdefault(_channel(subject), _new_channel(subject))
        channel["messages"][name] = {"$ref": f"#/components/messages/{name}"}
        operation: dict[str, Any] = {
            "action": "receive" if issubclass(model, Request) else "send",
            "channel": {"$ref": f"#/channels/{_channel(subject)}"},
            "messages": [{"$ref": f"#/channels/{_channel(subject)}/messages/{name}"}],
        }
        if issubclass(model, Request):
            operation["reply"] = {"description": f"{names[model.reply_model()]}, or an error: `{{error: ...}}`"}
        operations[name] = operation
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "The Hubbub bus",
            "version": VERSION,
            "description": (
                "Requests carry the headers Hubbub-Timeout (milliseconds for which the caller still waits), "
                "Hubbub-Operation and traceparent. A caller that sends Hubbub-Max-Parts gets a reply of more than "
                "512 KiB as several messages with the header Hubbub-Part, `i/n`, in their order."
            ),
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {
                name: {
                    "summary": (inspect.getdoc(model) or "").split("\n", 1)[0],
                    "payload": keyed[(model, "validation")],
                }
                for model, name in names.items()
            },
            "schemas": definitions.get("$defs", {}),
        },
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _captions_subject(request: type[Request[Any]]) -> str:
    if request is captions.StopCaptions:
        return subjects.captions_of("{serverId}", request.verb)
    return subjects.captions(request.verb)


def _name(model: type[BaseModel]) -> str:
    return model.type_name() if issubclass(model, Request | Event) else model.__name__


def _channel(subject: str) -> str:
    return subject.replace("{", "").replace("}", "")


def _new_channel(subject: str) -> dict[str, Any]:
    parameters: dict[str, Any] = {part[1:-1]: {} for part in subject.split(".") if part.startswith("{")}
    return {"address": subject, "messages": {}} | ({"parameters": parameters} if parameters else {})

"""Each command of the core has a class, and the core accepts the dict of each class."""

import re
from typing import get_args

import pytest

from hubbub_media_core import CoreError, MediaCore, commands
from hubbub_media_core._native import WorkerPool
from hubbub_media_core.commands import Command
from hubbub_media_core.specs import (
    CodecMapping,
    ConsumerSpec,
    EncodingSpec,
    ExtensionMapping,
    HeaderExtension,
    IceCredentials,
    NodeLink,
    PipeConsumerSpec,
    PipedEncoding,
    PlainRemote,
    ProducerSpec,
    RelayEnd,
    WorkerLink,
)

ICE = IceCredentials(ufrag="ufrag", pwd="a password of 22 bytes")
VP8 = CodecMapping(
    codec="video/VP8",
    clock_rate=90_000,
    payload_type=96,
    router_payload_type=101,
    rtx_payload_type=97,
    nack=True,
    pli=True,
    fir=True,
)
MID = ExtensionMapping(kind="mid", id=1)
PRODUCER = ProducerSpec(
    kind="video", codecs=(VP8,), encodings=(EncodingSpec(rid="r0"),), extensions=(MID,), feedback="goog-remb"
)
CONSUMER = ConsumerSpec(
    kind="video", mid="0", codecs=(VP8,), ssrc=7, rtx_ssrc=8, cname="c", extensions=(MID,), feedback="transport-cc"
)

NODE_LINK = NodeLink(ice=ICE, remote_ice=ICE, remote="[::1]:4000", local="::1")
PIPE_CONSUMER = PipeConsumerSpec(kind="video", codecs=(VP8,), encodings=(PipedEncoding(ssrc=7, rtx_ssrc=8),), cname="c")

EXAMPLES: list[Command] = [
    commands.CloseRouter(router=1),
    commands.CreateTransport(transport=1, router=1, ice=ICE),
    commands.CreatePlainTransport(
        transport=1, router=1, rtcp_mux=True, comedia=True, srtp=False, sources=("127.0.0.0/8",)
    ),
    commands.ConnectPlainTransport(transport=1, remote=PlainRemote(ip="127.0.0.1", port=7000, rtcp_port=7001)),
    commands.CreatePipeTransport(transport=1, router=1, link=WorkerLink(worker=1, pair=7)),
    commands.CreatePipeTransport(transport=1, router=1, link=NODE_LINK),
    commands.ConnectTransport(transport=1),
    commands.RestartIce(transport=1, ice=ICE),
    commands.SetSrtpKeys(transport=1, profile="SRTP_AEAD_AES_128_GCM", outbound=bytes(28), inbound=bytes(28)),
    commands.SendDtls(transport=1, datagram=b"\x16\xfe\xfd"),
    commands.CloseTransport(transport=1),
    commands.CreateProducer(producer=1, transport=1, spec=PRODUCER),
    commands.PauseProducer(producer=1),
    commands.ResumeProducer(producer=1),
    commands.CloseProducer(producer=1),
    commands.ReplaceProducer(producer=1, successor=2),
    commands.CreateConsumer(consumer=1, transport=1, producer=1, spec=CONSUMER),
    commands.CreatePipeConsumer(consumer=1, transport=1, producer=1, spec=PIPE_CONSUMER),
    commands.SetLinkRelay(transport=1, relay="192.0.2.1:4000"),
    commands.SetPipedEncodings(consumer=1, encodings=(True, False)),
    commands.PauseConsumer(consumer=1),
    commands.ResumeConsumer(consumer=1),
    commands.CloseConsumer(consumer=1),
    commands.RequestKeyFrame(consumer=1),
    commands.SetPreferredLayers(consumer=1, spatial=2),
    commands.SetConsumerPriority(consumer=1, priority=2),
    commands.SetMaxIncomingBitrate(transport=1, bitrate=100_000),
    commands.TransportStats(transport=1),
    commands.ProducerStats(producer=1),
    commands.ConsumerStats(consumer=1),
]


@pytest.mark.parametrize("command", EXAMPLES, ids=lambda command: command.type)
async def test_command_for_unknown_entities_is_not_found(command: Command) -> None:
    async with MediaCore([("127.0.0.1", 0)], plain=("127.0.0.1", 0, 0)) as core:
        with pytest.raises(CoreError) as refusal:
            await core.call(0, command)
        assert refusal.value.code == "not_found"


async def test_a_link_of_other_nodes_is_relayed() -> None:
    ends = (RelayEnd(ufrag="one", remote="192.0.2.1:4000"), RelayEnd(ufrag="other", remote="[2001:db8::1]:4000"))
    async with MediaCore([("127.0.0.1", 0)]) as core:
        assert await core.call(0, commands.RelayLink(ends=ends)) == {}
        with pytest.raises(CoreError) as refusal:
            await core.call(0, commands.RelayLink(ends=(ends[0], ends[0])))
        assert refusal.value.code == "invalid_spec"


async def test_router_id_in_use_already_exists() -> None:
    async with MediaCore([("127.0.0.1", 0)]) as core:
        assert await core.call(0, commands.CreateRouter(router=1)) == {}
        with pytest.raises(CoreError) as refusal:
            await core.call(0, commands.CreateRouter(router=1))
        assert refusal.value.code == "already_exists"


def unknown_variant_error(command: dict[str, object]) -> set[str]:
    """Submits a command with the variant `nonsense`. Returns the variants that the error message of the core lists."""
    pool = WorkerPool([("127.0.0.1", 0)])
    with pytest.raises(ValueError, match="unknown variant `nonsense`") as error:
        pool.submit(0, 1, command)
    pool.shutdown()
    return set(re.findall("`([a-z_]+)`", str(error.value))) - {"nonsense"}


def test_every_command_of_the_core_has_a_class_and_an_example() -> None:
    variants = unknown_variant_error({"type": "nonsense"})
    assert {command.type for command in commands.ALL} == variants
    assert {command.type for command in EXAMPLES} == variants - {"create_router", "relay_link"}


def test_header_extension_literals_are_those_of_the_core() -> None:
    command = commands.CreateProducer(producer=1, transport=1, spec=PRODUCER).wire()
    command["spec"]["extensions"] = [{"kind": "nonsense", "id": 1}]  # type: ignore[index]
    assert set(get_args(HeaderExtension)) == unknown_variant_error(command)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ({}, "missing field `type`"),
        ({"type": "close_router"}, "missing field `router`"),
        ({"type": "close_router", "router": 1, "routers": 1}, "unknown field `routers`"),
        (
            {
                "type": "restart_ice",
                "transport": 1,
                "ice": {"ufrag": "u", "pwd": "p", "password": "p"},
            },
            "unknown field `password`",
        ),
        ({"type": "close_router", "router": -1}, "expected u64"),
        ({"type": "close_router", "router": "1"}, "expected u64"),
        (
            {"type": "set_srtp_keys", "transport": 1, "profile": "ROT13", "outbound": b"", "inbound": b""},
            "unknown SRTP profile ROT13",
        ),
    ],
)
def test_invalid_command_is_a_value_error_with_the_reason(command: dict[str, object], complaint: str) -> None:
    pool = WorkerPool([("127.0.0.1", 0)])
    with pytest.raises(ValueError, match=re.escape(complaint)):
        pool.submit(0, 1, command)
    pool.shutdown()

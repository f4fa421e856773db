"""RTP capability negotiation of an SFU: a port of mediasoup 3.27's `ortc.ts` to Python.

Pure functions over JSON values (`types`):

    router capabilities -> a producer's mapping -> consumable parameters -> a consumer's parameters

They never modify an argument. For any input they return a result or raise one of `errors`. A client's producer
parameters must also pass `check_wire_limits` before they are encoded or sent to other clients.

`python -m hubbub_ortc.check FILE.jsonl` replays recorded calls of the reference implementation.
"""

from .consumable import get_consumable_rtp_parameters
from .consumer import can_consume, get_consumer_rtp_parameters
from .defaults import DEFAULT_MEDIA_CODECS
from .endpoint_numbers import with_endpoint_numbers, with_router_ids
from .errors import InvalidParameters, PayloadTypesExhausted, Unsupported
from .pipe import get_pipe_consumer_rtp_parameters
from .producer_mapping import ProducerMapping, get_producer_rtp_parameters_mapping
from .red import offer_red, with_red, without_red
from .router_capabilities import generate_router_rtp_capabilities
from .scalability import ScalabilityMode, parse_scalability_mode
from .ssrc import RandomSsrc, ssrc_source
from .supported import supported_rtp_capabilities
from .validate_capabilities import validate_rtp_capabilities
from .validate_parameters import validate_rtp_parameters
from .validate_sctp import validate_sctp_stream_parameters
from .wire_limits import check_sctp_wire_limits, check_wire_limits

__all__ = [
    "DEFAULT_MEDIA_CODECS",
    "InvalidParameters",
    "PayloadTypesExhausted",
    "ProducerMapping",
    "RandomSsrc",
    "ScalabilityMode",
    "Unsupported",
    "can_consume",
    "check_sctp_wire_limits",
    "check_wire_limits",
    "generate_router_rtp_capabilities",
    "get_consumable_rtp_parameters",
    "get_consumer_rtp_parameters",
    "get_pipe_consumer_rtp_parameters",
    "get_producer_rtp_parameters_mapping",
    "offer_red",
    "parse_scalability_mode",
    "ssrc_source",
    "supported_rtp_capabilities",
    "validate_rtp_capabilities",
    "validate_rtp_parameters",
    "validate_sctp_stream_parameters",
    "with_endpoint_numbers",
    "with_red",
    "with_router_ids",
    "without_red",
]

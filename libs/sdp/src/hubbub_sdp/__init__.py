"""Offers and answers of WHIP and WHEP.

    text -> `parse_offer` -> publications (their RTP parameters) -> `write_answer` -> text

Pure functions over frozen dataclasses. The text is parsed once, with the bounds of `lines`.
"""

from .answer import AnswerSection, SentStream, ServerTransport, write_answer
from .association import answered_setup, dtls_parameters, ice_ufrag
from .description import Codec, HeaderExtension, MediaSection, SessionDescription
from .errors import InvalidSdp, UnsupportedSdp
from .fragment import IceFragment, parse_fragment, write_fragment
from .parse import parse_offer
from .publish import Publication, publications
from .watch import Slot, slots

__all__ = [
    "AnswerSection",
    "Codec",
    "HeaderExtension",
    "IceFragment",
    "InvalidSdp",
    "MediaSection",
    "Publication",
    "SentStream",
    "ServerTransport",
    "SessionDescription",
    "Slot",
    "UnsupportedSdp",
    "answered_setup",
    "dtls_parameters",
    "ice_ufrag",
    "parse_fragment",
    "parse_offer",
    "publications",
    "slots",
    "write_answer",
    "write_fragment",
]

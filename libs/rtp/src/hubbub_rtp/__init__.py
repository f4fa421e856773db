"""The receive path: RTP packets to encoded frames, and the feedback that they need. Sans-IO: time is an argument.
`Reception` drives it for a transport, and has a ticker.

aiortc's own path waits for the first packet of the next video frame, and for four frames of audio. This one delivers a
frame when its last packet arrives.
"""

from .encoded_frame import EncodedFrame
from .errors import InvalidRtpParameters, UnsupportedCodec
from .receiver import ReceivePolicy, Receiver, StreamParameters
from .reception import Reception
from .rtp_packet import RtpPacket
from .udp_socket import UdpSocket

__all__ = [
    "EncodedFrame",
    "InvalidRtpParameters",
    "ReceivePolicy",
    "Receiver",
    "Reception",
    "RtpPacket",
    "StreamParameters",
    "UdpSocket",
    "UnsupportedCodec",
]

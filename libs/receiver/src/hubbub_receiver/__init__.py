"""A hidden receiver of a room: joins it, follows its producers, and receives them over plain RTP."""

from .room_receiver import HiddenPeer, RoomReceiver
from .track import ReceivedTrack, ReceiverListener, TrackSink

__all__ = ["HiddenPeer", "ReceivedTrack", "ReceiverListener", "RoomReceiver", "TrackSink"]

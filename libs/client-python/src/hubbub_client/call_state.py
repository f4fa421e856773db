"""The states of a call, as a transition table: the same as that of the browser's SDK.

- A call ends once. To come back, an application makes a new call.
- `reconnecting` ends when the socket and every transport in use are connected again.
"""

from __future__ import annotations

from typing import Literal

CallState = Literal["idle", "connecting", "waiting", "connected", "reconnecting", "ended"]
"""- `idle`: before `join`.
- `connecting`: until the server has admitted this client to the room.
- `waiting`: in the lobby of the room, until a moderator admits this client.
- `connected`: signaling and media work.
- `reconnecting`: the socket, a transport or the media node was lost; the SDK recovers.
- `ended`: final."""

CallStateEvent = Literal["join", "wait", "joined", "lost", "restored", "end"]

ReconnectCause = Literal["socket", "network", "transport", "moved"]
"""What was lost: the signaling `socket`; the `network` path of the media; a `transport` that the server closed; or the
media node, when the server `moved` the room to another one."""

EndReason = Literal["left", "room_closed", "removed", "refused", "failed", "lost"]
"""Why a call ended: this client `left`; the room was closed for everybody (`room_closed`); a moderator `removed` this
client, with the error code `banned` if it may not come back; a moderator `refused` it in the lobby; joining `failed`;
or the connection was `lost` and did not recover."""

TRANSITIONS: dict[tuple[CallState, CallStateEvent], CallState] = {
    ("idle", "join"): "connecting",
    ("idle", "end"): "ended",
    ("connecting", "wait"): "waiting",
    ("connecting", "joined"): "connected",
    ("connecting", "end"): "ended",
    ("waiting", "joined"): "connected",
    ("waiting", "end"): "ended",
    ("connected", "lost"): "reconnecting",
    ("connected", "end"): "ended",
    ("reconnecting", "restored"): "connected",
    ("reconnecting", "wait"): "waiting",
    ("reconnecting", "end"): "ended",
}
"""Every transition of a call."""

"""A WHIP session: a peer that publishes, and its ICE session."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from hubbub_contracts.bus.transport import IceCandidate
from hubbub_contracts.socket.transport import RestartIce
from hubbub_sdp import IceFragment, write_fragment

from ..peer_client import PeerClient


@dataclass(eq=False)
class WhipSession:
    """The session behind one session URL."""

    client: PeerClient
    peer_id: str
    transport_id: str
    etag: str
    """Of the ICE session: our username fragment, which any instance can ask the media node for."""
    secret: str = field(repr=False)
    candidates: Sequence[IceCandidate] = ()
    """Ours; unknown on an instance that took the session over."""
    client_ufrag: str | None = None
    """The client's username fragment; None on an instance that took the session over."""

    def has_secret(self, shown: str) -> bool:
        """Whether this is the secret of the session URL."""
        return hmac.compare_digest(self.secret.encode(), shown.encode())

    def is_trickle(self, fragment: IceFragment) -> bool:
        """Whether the fragment belongs to the running ICE session of the client, as far as it is known."""
        return fragment.ice_ufrag == self.client_ufrag

    async def restart_ice(self, fragment: IceFragment) -> str:
        """Restarts ICE, and returns the fragment that answers it. Raises HubbubError."""
        restarted = await self.client.request(RestartIce(transport_id=self.transport_id))
        self.etag = restarted.ice_parameters.username_fragment
        self.client_ufrag = fragment.ice_ufrag
        return write_fragment(fragment, restarted.ice_parameters, self.candidates)

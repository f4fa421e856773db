"""What an operator can set, by environment variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from hubbub_contracts import ids
from hubbub_contracts.socket.base import IceServer
from hubbub_service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Signaling's own settings, beside those of every service."""

    port: int = Field(4000, ge=0, le=65535, description="TCP port of HTTP and Socket.IO.")
    host: str = Field("0.0.0.0", description="Address to listen on.")
    frontend_url: str | None = Field(
        None, description="Origins that browsers may come from, comma-separated; any when it is not set."
    )
    reconnect_grace: float = Field(30.0, gt=0, description="Seconds that a resumable session outlives its socket.")
    signaling_id: str = Field(default_factory=ids.mint, description="Name of this instance; random when not set.")
    ice_servers: list[IceServer] = Field(
        default_factory=list, description="STUN and TURN servers handed to clients, as a JSON array."
    )
    page_dir: Path | None = Field(None, description="Directory of the built page; nothing is served at / without it.")

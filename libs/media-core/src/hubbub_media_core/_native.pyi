# The docstrings are in the binary module. `hubbub_media_core.MediaCore` is the typed API.

from typing import final

from hubbub_media_core.counters import WorkerCounters

@final
class WorkerPool:
    def __new__(
        cls,
        sockets: list[tuple[str, int]],
        *,
        max_incoming_bitrate: int | None = None,
        min_outgoing_bitrate: int = 30_000,
        initial_outgoing_bitrate: int = 600_000,
        max_outgoing_bitrate: int = ...,
        max_ingress_bitrate: int = 50_000_000,
        pin: bool = False,
        handshake_timeout: float = 15.0,
        consent_timeout: float = 30.0,
        tcp: bool = True,
        last_n_audio: int = 0,
        plain: tuple[str, int, int] | None = None,
    ) -> WorkerPool: ...
    def addresses(self) -> list[tuple[str, int]]: ...
    def fileno(self) -> int: ...
    def submit(self, worker: int, request: int, command: dict[str, object]) -> None: ...
    def drain(self) -> list[tuple[int, dict[str, object]]]: ...
    def counters(self) -> list[WorkerCounters]: ...
    def events_dropped(self) -> int: ...
    def shutdown(self) -> None: ...

"""A bounded queue of frames between the receive path and a reader."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

FrameT = TypeVar("FrameT")


class FrameStream(Generic[FrameT]):
    """An asynchronous iterator over frames, for one reader. Close it, or use it as a context manager.

    The iteration ends when the track is unpublished, its participant leaves or the call ends.
    """

    def __init__(self, max_frames: int, on_close: Callable[[FrameStream[FrameT]], None]) -> None:
        self._frames: deque[FrameT] = deque()
        self._max_frames = max_frames
        self._on_close = on_close
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None
        self.dropped = 0
        """Frames that were dropped because the reader is too slow."""

    @property
    def is_full(self) -> bool:
        """Whether the next frame makes room for itself."""
        return len(self._frames) >= self._max_frames

    def push(self, frame: FrameT) -> None:
        """Adds a frame. A full queue drops its oldest one."""
        if self._ended:
            return
        if self.is_full:
            self._frames.popleft()
            self.dropped += 1
        self._frames.append(frame)
        self._wake()

    def clear(self) -> None:
        """Drops all frames."""
        self.dropped += len(self._frames)
        self._frames.clear()

    def end(self) -> None:
        """Ends the iteration after the frames that are queued."""
        self._ended = True
        self._wake()

    def close(self) -> None:
        """Ends the iteration at once. The last stream of a track that is closed unsubscribes it."""
        self._frames.clear()
        self.end()
        self._on_close(self)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> Self:
        """The stream itself."""
        return self

    async def __anext__(self) -> FrameT:
        """The next frame."""
        while not self._frames:
            if self._ended:
                raise StopAsyncIteration
            if self._waiter is not None and not self._waiter.done():
                raise RuntimeError("a frame stream has one reader")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._frames.popleft()

    async def __aenter__(self) -> Self:
        """The stream itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the stream."""
        self.close()

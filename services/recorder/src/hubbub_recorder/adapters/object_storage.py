"""An S3-compatible bucket: one prefix for each recording, with the files of its directory.

Credentials, region and endpoint are in AWS's environment variables, which obstore reads.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, GenericError, NotFoundError
from obstore.store import S3Store

from hubbub_contracts import ErrorCode, HubbubError

REQUEST_TIMEOUT = timedelta(seconds=30)
RETRY_TIMEOUT = timedelta(seconds=60)
"""For the repetitions of one request. A recording that was not uploaded then is tried again later."""
CHUNK = 8 * 1024 * 1024
"""Bytes of a part of a large file. S3 takes at most 10,000 parts: files of up to 80 GB."""
CONCURRENCY = 2
"""Parts that are uploaded at once."""


class ObjectStorage:
    """Every method raises `unavailable` when the store does not answer or refuses."""

    def __init__(self, url: str) -> None:
        """`url`: `s3://bucket` or `s3://bucket/prefix`. Raises ValueError when the variables are not valid."""
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        try:
            self._store = S3Store.from_url(
                url,
                client_options={"allow_http": plain, "timeout": REQUEST_TIMEOUT},
                retry_config={"retry_timeout": RETRY_TIMEOUT},
            )
        except BaseError as error:
            raise ValueError(f"RECORDINGS_S3_URL: {error}") from error

    async def upload(self, recording_id: str, directory: Path) -> None:
        """Copies the files of a recording. Raises OSError when one cannot be read."""
        for path in await asyncio.to_thread(_files, directory):
            await self.upload_file(recording_id, path)

    async def upload_file(self, recording_id: str, path: Path) -> None:
        """Copies one file of a recording. Raises OSError when it cannot be read."""
        with _failures():
            await obstore.put_async(
                self._store, f"{recording_id}/{path.name}", path, chunk_size=CHUNK, max_concurrency=CONCURRENCY
            )

    async def download(self, recording_id: str, file: str, path: Path) -> None:
        """Copies a file of a recording to `path`. Raises OSError when it cannot be written, or is not there."""
        with _failures(), path.open("wb") as target:
            found = await obstore.get_async(self._store, f"{recording_id}/{file}")
            async for chunk in found.stream(min_chunk_size=CHUNK):
                await asyncio.to_thread(target.write, chunk)

    async def read(self, recording_id: str, file: str, offset: int, length: int) -> tuple[int, bytes] | None:
        """The size of a file, and a part of it, which is empty beyond the end; None when there is no such file."""
        path = f"{recording_id}/{file}"
        try:
            with _failures():
                try:
                    found = await obstore.get_async(self._store, path, options={"range": (offset, offset + length)})
                except GenericError:  # also a range beyond the end, which has no error of its own
                    size = (await obstore.head_async(self._store, path))["size"]
                    if offset < size:
                        raise
                    return size, b""
                return found.meta["size"], bytes(await found.bytes_async())
        except FileNotFoundError:
            return None

    async def read_whole(self, recording_id: str, file: str) -> bytes | None:
        """A small file; None when there is no such file."""
        try:
            with _failures():
                return bytes(await (await obstore.get_async(self._store, f"{recording_id}/{file}")).bytes_async())
        except FileNotFoundError:
            return None

    async def delete(self, recording_id: str) -> None:
        """Deletes all files of a recording. Succeeds when there are none."""
        with _failures():
            async for page in obstore.list(self._store, f"{recording_id}/"):
                await obstore.delete_async(self._store, [each["path"] for each in page])


def _files(directory: Path) -> list[Path]:
    """Without the copies that an interrupted write has left."""
    return sorted(path for path in directory.iterdir() if not path.name.startswith("."))


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except NotFoundError as error:
        raise FileNotFoundError(str(error)) from error
    except BaseError as error:
        raise HubbubError(ErrorCode.UNAVAILABLE, f"the object store: {_first_line(error)}", retryable=True) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]

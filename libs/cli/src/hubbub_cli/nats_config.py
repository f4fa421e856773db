"""The configuration of the embedded NATS server: JetStream, loopback only, one user with a random password."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

MAX_PAYLOAD = 1024 * 1024
"""Bytes. Bus messages are far smaller, and the server rejects larger ones."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The user of an embedded server."""

    user: str
    password: str

    @classmethod
    def generate(cls) -> "Credentials":
        """Credentials with a random password."""
        return cls(user="hubbub", password=secrets.token_urlsafe(24))


@dataclass(frozen=True, slots=True)
class NatsConfig:
    """The configuration of one embedded server."""

    port: int
    store_dir: Path
    credentials: Credentials

    @property
    def url(self) -> str:
        """The URL for clients, including the password."""
        user, password = quote(self.credentials.user, safe=""), quote(self.credentials.password, safe="")
        return f"nats://{user}:{password}@127.0.0.1:{self.port}"

    def render(self) -> str:
        """The text of the configuration file. The format accepts JSON strings."""
        return (
            'server_name: "hubbub-embedded"\n'
            f'listen: "127.0.0.1:{self.port}"\n'
            f"max_payload: {MAX_PAYLOAD}\n"
            "authorization {\n"
            f"  user: {json.dumps(self.credentials.user)}\n"
            f"  password: {json.dumps(self.credentials.password)}\n"
            "}\n"
            "jetstream {\n"
            f"  store_dir: {json.dumps(str(self.store_dir.absolute()))}\n"
            "  max_memory_store: 64MB\n"
            "  max_file_store: 2GB\n"
            "}\n"
        )

    def write(self, path: Path) -> None:
        """Writes the file with mode 0600."""
        write_secret(path, self.render())


def load_or_create_credentials(path: Path) -> Credentials:
    """The stored credentials, or new ones. Later starts use the same."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(user=str(stored["user"]), password=str(stored["password"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        # The file is absent or damaged. Only this installation uses it, so new credentials do no harm.
        created = Credentials.generate()
        write_secret(path, json.dumps({"user": created.user, "password": created.password}))
        return created


def write_secret(path: Path, text: str) -> None:
    """Replaces the file atomically. Its mode is 0600 from the start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)

"""The server API is usable on a machine that has no library for media."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("aiortc", "av", "aioice", "pylibsrtp", "hubbub_rtp"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
import hubbub_client.api
print(hubbub_client.api.ServerApi.__name__)
try:
    hubbub_client.Call
except ImportError as error:
    print("no", error)
"""


def test_api_is_imported_without_the_libraries_for_media() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "ServerApi"
    assert done.stdout.splitlines()[1].startswith("no ")


def test_all_names_of_the_sdk_exist() -> None:
    import hubbub_client

    for name in hubbub_client.__all__:
        assert getattr(hubbub_client, name) is not None
    assert not hasattr(hubbub_client, "Nothing")

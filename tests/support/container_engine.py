"""Detection of a container engine."""

import shutil
import subprocess


def engine_problem(timeout: float) -> str | None:
    """Why no container engine is usable. None when one answers within `timeout` seconds."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return "the container engine does not answer"
    return None if asked.returncode == 0 else f"no container engine answers: {asked.stderr.strip()}"

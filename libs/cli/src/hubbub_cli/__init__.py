"""The `hubbub` command: runs an installation on this machine."""

"""The `hubbub` command: starts, loads, measures and inspects an installation."""

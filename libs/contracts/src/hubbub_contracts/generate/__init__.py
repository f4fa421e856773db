"""Generates documents from the message models: `python -m hubbub_contracts.generate [--check]`."""

"""Makes the documents that are drawn from the models: `python -m hubbub_contracts.generate [--check]`."""

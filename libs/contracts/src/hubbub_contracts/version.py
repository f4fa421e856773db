"""The version of Hubbub, written by `make release` from the file VERSION."""

VERSION = "0.1.0"

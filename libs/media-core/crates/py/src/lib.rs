//! hubbub-py

//! hubbub-codec

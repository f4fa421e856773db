//! hubbub-wire

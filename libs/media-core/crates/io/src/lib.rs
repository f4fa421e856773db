//! hubbub-io

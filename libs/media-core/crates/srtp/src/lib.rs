//! hubbub-srtp

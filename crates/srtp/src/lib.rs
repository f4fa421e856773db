//! SRTP and SRTCP with DTLS keying, as WebRTC uses them (RFC 3711, RFC 5764, RFC 7714).
//!
//! Each transport has one [`Outbound`] and one [`Inbound`]. Both work in place, expand their keys once, and allocate
//! only for the first packet of an SSRC. The crate does no I/O and reads no clock. The key derivation rate is 0 and
//! there is no MKI.
//!
//! ```
//! use hubbub_srtp::{Inbound, Outbound, SrtpProfile};
//!
//! let profile = SrtpProfile::AeadAes128Gcm;
//! let (key, salt) = ([1; 16], [2; 12]);
//! let mut outbound = Outbound::new(profile, &key, &salt)?;
//! let mut inbound = Inbound::new(profile, &key, &salt)?;
//!
//! let mut packet = [0; 64];
//! packet[..12].copy_from_slice(&[0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7]);
//! let protected = outbound.protect_rtp(&mut packet, 12, 20)?;
//! assert_eq!(protected, 36);
//! assert_eq!(inbound.unprotect_rtp(&mut packet[..protected])?, 20);
//! # Ok::<(), hubbub_srtp::SrtpError>(())
//! ```
#![forbid(unsafe_code)]

mod cm_hmac;
mod error;
mod gcm;
mod header;
#[cfg(test)]
mod hex;
mod inbound;
mod index;
mod kdf;
mod outbound;
mod profile;
mod replay_window;
mod streams;
mod transform;

pub use error::SrtpError;
pub use inbound::{Inbound, MAX_STREAMS};
pub use outbound::Outbound;
pub use profile::{DtlsKeys, MAX_OVERHEAD, SrtpProfile};

//! SRTP and SRTCP with keys from DTLS (RFC 3711, RFC 5764, RFC 7714).
//!
//! One [`Outbound`] and one [`Inbound`] a transport. Both work in place, expand their keys once, and allocate only for
//! the first packet of an SSRC. No I/O and no clock. Key derivation rate 0 and no MKI, as WebRTC uses SRTP.
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
mod inbound;
mod index;
mod kdf;
mod outbound;
mod profile;
mod replay;
mod streams;
mod transform;

pub use error::SrtpError;
pub use inbound::{Inbound, MAX_STREAMS};
pub use outbound::Outbound;
pub use profile::{DtlsKeys, MAX_OVERHEAD, SrtpProfile};

//! Binding messages, read in place: RFC 8489 section 5, RFC 8445 section 7.1.

use std::net::SocketAddr;

use super::attribute::{self, Attribute};
use super::{HEADER_LEN, IceKey, MAGIC_COOKIE, TransactionId, address, fingerprint, integrity};
use crate::WireError;
use crate::bytes;

/// The class of a Binding message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StunClass {
    /// A request, which expects a response.
    Request,
    /// An indication, which expects no response: a keepalive.
    Indication,
    /// The response to a successful request.
    SuccessResponse,
    /// The response to a failed request.
    ErrorResponse,
}

/// The role that the sender claims, with its tie-breaker (RFC 8445 section 7.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceRole {
    /// ICE-CONTROLLING.
    Controlling(u64),
    /// ICE-CONTROLLED.
    Controlled(u64),
}

/// USERNAME of a request, as its receiver sees it (RFC 8445 section 7.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StunUsername<'a> {
    /// The receiver's username fragment: the part before the colon.
    pub local: &'a str,
    /// The sender's username fragment.
    pub remote: &'a str,
}

impl<'a> StunUsername<'a> {
    fn parse(value: &'a [u8]) -> Result<Self, WireError> {
        let text = std::str::from_utf8(value).map_err(|_| WireError::InvalidField)?;
        match text.split_once(':') {
            Some((local, remote)) if !local.is_empty() && !remote.is_empty() => {
                Ok(Self { local, remote })
            }
            _ => Err(WireError::InvalidField),
        }
    }
}

/// A Binding message with valid framing and FINGERPRINT. Its content is unauthenticated until
/// [`StunMessage::verify_integrity`] succeeds.
#[derive(Debug, Clone)]
pub struct StunMessage<'a> {
    data: &'a [u8],
    class: StunClass,
    transaction_id: TransactionId,
    username: Option<StunUsername<'a>>,
    priority: Option<u32>,
    use_candidate: bool,
    role: Option<IceRole>,
    mapped_address: Option<SocketAddr>,
    error_code: Option<u16>,
    unknown_required: Option<u16>,
    integrity: Option<(usize, &'a [u8])>,
}

impl<'a> StunMessage<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// [`WireError::NotBinding`] for another method; [`WireError::FingerprintMissing`] or
    /// [`WireError::FingerprintMismatch`]; other errors for invalid framing or attribute values.
    pub fn parse(data: &'a [u8]) -> Result<Self, WireError> {
        let len = usize::from(bytes::u16_at(data, 2)?);
        if bytes::u32_at(data, 4)? != MAGIC_COOKIE {
            return Err(WireError::BadVersion);
        }
        let mut message = Self {
            data,
            class: class(bytes::u16_at(data, 0)?)?,
            transaction_id: bytes::array(data, 8)?,
            username: None,
            priority: None,
            use_candidate: false,
            role: None,
            mapped_address: None,
            error_code: None,
            unknown_required: None,
            integrity: None,
        };
        if len % 4 != 0 || HEADER_LEN + len != data.len() {
            return Err(WireError::BadLength);
        }
        let mut offset = HEADER_LEN;
        while offset < data.len() {
            let (attribute, next) = attribute::read(data, offset)?;
            if attribute.kind == attribute::FINGERPRINT {
                return message.check_fingerprint(&attribute).map(|()| message);
            }
            if message.integrity.is_none() {
                message.take(&attribute)?;
            }
            offset = next;
        }
        Err(WireError::FingerprintMissing)
    }

    /// Stores an attribute. Only the first attribute of a type counts (RFC 8489 section 14).
    fn take(&mut self, attribute: &Attribute<'a>) -> Result<(), WireError> {
        let value = attribute.value;
        match attribute.kind {
            attribute::USERNAME if self.username.is_none() => {
                self.username = Some(StunUsername::parse(value)?)
            }
            attribute::PRIORITY if self.priority.is_none() => {
                self.priority = Some(u32::from_be_bytes(exact(value)?));
            }
            attribute::USE_CANDIDATE => self.use_candidate = true,
            attribute::ICE_CONTROLLING if self.role.is_none() => {
                self.role = Some(IceRole::Controlling(u64::from_be_bytes(exact(value)?)));
            }
            attribute::ICE_CONTROLLED if self.role.is_none() => {
                self.role = Some(IceRole::Controlled(u64::from_be_bytes(exact(value)?)));
            }
            attribute::XOR_MAPPED_ADDRESS if self.mapped_address.is_none() => {
                self.mapped_address = Some(address::read(value, &self.transaction_id)?);
            }
            attribute::ERROR_CODE if self.error_code.is_none() => {
                let class = u16::from(bytes::u8_at(value, 2)? & 7);
                self.error_code = Some(class * 100 + u16::from(bytes::u8_at(value, 3)?));
            }
            attribute::MESSAGE_INTEGRITY => {
                exact::<{ integrity::TAG_LEN }>(value)?;
                self.integrity = Some((attribute.offset, value));
            }
            attribute::USERNAME
            | attribute::PRIORITY
            | attribute::XOR_MAPPED_ADDRESS
            | attribute::ERROR_CODE
            | attribute::UNKNOWN_ATTRIBUTES => {}
            kind if kind < attribute::FIRST_OPTIONAL => {
                self.unknown_required = self.unknown_required.or(Some(kind));
            }
            _ => {}
        }
        Ok(())
    }

    fn check_fingerprint(&self, attribute: &Attribute<'_>) -> Result<(), WireError> {
        if attribute.offset + fingerprint::ATTRIBUTE_LEN != self.data.len() {
            return Err(WireError::BadLength);
        }
        let prefix = bytes::slice(self.data, 0, attribute.offset)?;
        if u32::from_be_bytes(exact(attribute.value)?) == fingerprint::of(prefix) {
            Ok(())
        } else {
            Err(WireError::FingerprintMismatch)
        }
    }

    /// Verifies MESSAGE-INTEGRITY with the password's key, in constant time.
    ///
    /// # Errors
    /// [`WireError::IntegrityMissing`] or [`WireError::IntegrityMismatch`].
    pub fn verify_integrity(&self, key: &IceKey) -> Result<(), WireError> {
        let (offset, tag) = self.integrity.ok_or(WireError::IntegrityMissing)?;
        key.verify(self.data, offset, tag)
    }

    /// The message class.
    #[must_use]
    pub const fn class(&self) -> StunClass {
        self.class
    }

    /// The transaction id, which a response repeats.
    #[must_use]
    pub const fn transaction_id(&self) -> &TransactionId {
        &self.transaction_id
    }

    /// USERNAME: both username fragments.
    #[must_use]
    pub const fn username(&self) -> Option<StunUsername<'a>> {
        self.username
    }

    /// PRIORITY of the peer-reflexive candidate that this check may discover.
    #[must_use]
    pub const fn priority(&self) -> Option<u32> {
        self.priority
    }

    /// USE-CANDIDATE: the sender nominates the pair.
    #[must_use]
    pub const fn use_candidate(&self) -> bool {
        self.use_candidate
    }

    /// ICE-CONTROLLING or ICE-CONTROLLED: the role of the sender.
    #[must_use]
    pub const fn role(&self) -> Option<IceRole> {
        self.role
    }

    /// XOR-MAPPED-ADDRESS of a success response.
    #[must_use]
    pub const fn mapped_address(&self) -> Option<SocketAddr> {
        self.mapped_address
    }

    /// ERROR-CODE of an error response, 300..=699.
    #[must_use]
    pub const fn error_code(&self) -> Option<u16> {
        self.error_code
    }

    /// The first unknown comprehension-required attribute. A request with one is answered with error 420.
    #[must_use]
    pub const fn unknown_required(&self) -> Option<u16> {
        self.unknown_required
    }
}

/// Reads the class from the message type. The method must be Binding (0x001); the class is in bits 4 and 8 (RFC 8489
/// figure 3).
const fn class(message_type: u16) -> Result<StunClass, WireError> {
    match message_type {
        0x0001 => Ok(StunClass::Request),
        0x0011 => Ok(StunClass::Indication),
        0x0101 => Ok(StunClass::SuccessResponse),
        0x0111 => Ok(StunClass::ErrorResponse),
        _ => Err(WireError::NotBinding),
    }
}

fn exact<const N: usize>(value: &[u8]) -> Result<[u8; N], WireError> {
    value.try_into().map_err(|_| WireError::InvalidField)
}

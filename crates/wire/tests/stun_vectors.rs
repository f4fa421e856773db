//! The test vectors of RFC 5769 for short-term credentials.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation fails the test"
)]

use std::net::SocketAddr;

use hubbub_wire::WireError;
use hubbub_wire::stun::{IceKey, IceRole, StunClass, StunMessage, StunUsername};

const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

const TRANSACTION_ID: [u8; 12] = [
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
];

/// Section 2.1.
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae80220010\
    5354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36\
    00060009657674\
    6a3a6836765920202000080014\
    9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";

/// Section 2.2.
const IPV4_RESPONSE: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220\
    002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";

/// Section 2.3.
const IPV6_RESPONSE: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220\
    002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed41\
    80280004c8fb0b4c";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|index| u8::from_str_radix(&hex[index..index + 2], 16).unwrap())
        .collect()
}

#[test]
fn the_sample_request_is_read_and_authenticated() {
    let data = bytes(REQUEST);
    let message = StunMessage::parse(&data).unwrap();
    assert_eq!(message.class(), StunClass::Request);
    assert_eq!(message.transaction_id(), &TRANSACTION_ID);
    assert_eq!(
        message.username(),
        Some(StunUsername {
            local: "evtj",
            remote: "h6vY"
        })
    );
    assert_eq!(message.priority(), Some(0x6e00_01ff));
    assert_eq!(
        message.role(),
        Some(IceRole::Controlled(0x932f_f9b1_5126_3b36))
    );
    assert!(!message.use_candidate());
    assert_eq!(message.unknown_required(), None);
    assert_eq!(message.verify_integrity(&IceKey::new(PASSWORD)), Ok(()));
}

#[test]
fn a_wrong_password_does_not_authenticate() {
    let data = bytes(REQUEST);
    let verdict = StunMessage::parse(&data)
        .unwrap()
        .verify_integrity(&IceKey::new("VOkJxbRl1RmTxUk/WvJxBu"));
    assert_eq!(verdict, Err(WireError::IntegrityMismatch));
}

#[test]
fn the_sample_responses_are_read_and_authenticated() {
    let ipv6: SocketAddr = "[2001:db8:1234:5678:11:2233:4455:6677]:32853"
        .parse()
        .unwrap();
    for (hex, address) in [
        (IPV4_RESPONSE, "192.0.2.1:32853".parse().unwrap()),
        (IPV6_RESPONSE, ipv6),
    ] {
        let data = bytes(hex);
        let message = StunMessage::parse(&data).unwrap();
        assert_eq!(message.class(), StunClass::SuccessResponse);
        assert_eq!(message.mapped_address(), Some(address));
        assert_eq!(message.verify_integrity(&IceKey::new(PASSWORD)), Ok(()));
    }
}

#[test]
fn any_flipped_bit_is_an_error() {
    let data = bytes(REQUEST);
    for bit in 0..data.len() * 8 {
        let mut damaged = data.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(StunMessage::parse(&damaged).is_err(), "bit {bit}");
    }
}

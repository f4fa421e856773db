//! The rules for Binding messages, and that our writers keep them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation fails the test"
)]

use std::net::SocketAddr;

use hubbub_wire::WireError;
use hubbub_wire::stun::{
    BindingRequest, IceKey, IceRole, StunClass, StunErrorCode, StunMessage, write_binding_error,
    write_binding_success,
};

const ID: [u8; 12] = *b"transaction!";

fn key() -> IceKey {
    IceKey::new("a password of the usual sort")
}

fn request() -> Vec<u8> {
    let request = BindingRequest {
        transaction_id: ID,
        username: "ours:theirs",
        priority: 7,
        use_candidate: true,
        role: IceRole::Controlling(9),
    };
    let mut buffer = vec![0; 200];
    let len = request.write(&mut buffer, &key()).unwrap();
    buffer.truncate(len);
    buffer
}

/// An independent bitwise CRC-32, for messages that the writers cannot produce.
fn fingerprint(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc ^ 0x5354_554E
}

/// A request with these attributes and a valid length and FINGERPRINT.
fn sealed(attributes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(attributes.len() + 8).unwrap();
    let header = [
        &[0, 1][..],
        &len.to_be_bytes(),
        &0x2112_A442u32.to_be_bytes(),
        &ID,
    ]
    .concat();
    let mut message = [&header, attributes].concat();
    let crc = fingerprint(&message);
    message.extend([0x80, 0x28, 0, 4]);
    message.extend(crc.to_be_bytes());
    message
}

#[test]
fn a_written_request_is_read_back() {
    let data = request();
    let message = StunMessage::parse(&data).unwrap();
    let username = message.username().unwrap();
    assert_eq!((username.local, username.remote), ("ours", "theirs"));
    assert_eq!(
        (message.priority(), message.use_candidate()),
        (Some(7), true)
    );
    assert_eq!(message.role(), Some(IceRole::Controlling(9)));
    assert_eq!(message.verify_integrity(&key()), Ok(()));
}

#[test]
fn a_success_response_has_the_source_and_is_not_longer_than_the_request() {
    let ipv6: SocketAddr = "[2001:db8::1]:65535".parse().unwrap();
    for source in ["192.0.2.7:40000".parse().unwrap(), ipv6] {
        let mut buffer = [0; 100];
        let len = write_binding_success(&mut buffer, &ID, source, &key()).unwrap();
        let message = StunMessage::parse(&buffer[..len]).unwrap();
        assert_eq!(message.class(), StunClass::SuccessResponse);
        assert_eq!(
            (message.transaction_id(), message.mapped_address()),
            (&ID, Some(source))
        );
        assert_eq!(message.verify_integrity(&key()), Ok(()));
        assert!(len <= request().len());
    }
}

#[test]
fn an_ipv4_mapped_source_is_written_as_ipv4() {
    let mut buffer = [0; 100];
    let source = "[::ffff:192.0.2.7]:40000".parse().unwrap();
    let len = write_binding_success(&mut buffer, &ID, source, &key()).unwrap();
    let message = StunMessage::parse(&buffer[..len]).unwrap();
    assert_eq!(
        message.mapped_address(),
        Some("192.0.2.7:40000".parse().unwrap())
    );
}

#[test]
fn error_responses_have_their_code() {
    let codes = [
        (StunErrorCode::BadRequest, 400),
        (StunErrorCode::Unauthenticated, 401),
        (StunErrorCode::UnknownAttribute(0x7777), 420),
        (StunErrorCode::RoleConflict, 487),
    ];
    for (code, number) in codes {
        let mut buffer = [0; 100];
        let len = write_binding_error(&mut buffer, &ID, code, Some(&key())).unwrap();
        let message = StunMessage::parse(&buffer[..len]).unwrap();
        assert_eq!(
            (message.class(), message.error_code()),
            (StunClass::ErrorResponse, Some(number))
        );
        assert_eq!(message.verify_integrity(&key()), Ok(()));
    }
}

#[test]
fn an_error_response_without_key_has_no_integrity() {
    let mut buffer = [0; 100];
    let len = write_binding_error(&mut buffer, &ID, StunErrorCode::BadRequest, None).unwrap();
    let verdict = StunMessage::parse(&buffer[..len])
        .unwrap()
        .verify_integrity(&key());
    assert_eq!(verdict, Err(WireError::IntegrityMissing));
}

#[test]
fn a_buffer_too_small_is_refused() {
    let source = "192.0.2.7:40000".parse().unwrap();
    for len in 0..64 {
        let written = write_binding_success(&mut vec![0; len], &ID, source, &key());
        assert_eq!(written, Err(WireError::BufferTooSmall), "{len} bytes");
    }
}

#[test]
fn fingerprint_must_be_present_valid_and_last() {
    let mut without = sealed(&[]);
    without.truncate(20);
    without[3] = 0;
    assert_eq!(
        StunMessage::parse(&without).unwrap_err(),
        WireError::FingerprintMissing
    );

    let mut wrong = sealed(&[]);
    wrong[27] ^= 1;
    assert_eq!(
        StunMessage::parse(&wrong).unwrap_err(),
        WireError::FingerprintMismatch
    );

    let mut followed = sealed(&[]);
    followed.extend([0x80, 0x22, 0, 0]);
    followed[3] += 4;
    assert_eq!(
        StunMessage::parse(&followed).unwrap_err(),
        WireError::BadLength
    );
}

#[test]
fn invalid_length_cookie_or_method_is_refused() {
    let good = sealed(&[]);
    let with = |offset: usize, value: u8| {
        let mut message = good.clone();
        message[offset] = value;
        StunMessage::parse(&message).unwrap_err()
    };
    assert_eq!(
        StunMessage::parse(&good[..19]).unwrap_err(),
        WireError::Truncated
    );
    assert_eq!(
        StunMessage::parse(&good[..24]).unwrap_err(),
        WireError::BadLength
    );
    assert_eq!(with(3, 9), WireError::BadLength);
    assert_eq!(with(3, 12), WireError::BadLength);
    let mut unaligned = good.clone();
    unaligned.push(0);
    unaligned[3] += 1;
    assert_eq!(
        StunMessage::parse(&unaligned).unwrap_err(),
        WireError::BadLength
    );
    assert_eq!(with(4, 0x20), WireError::BadVersion);
    assert_eq!(with(1, 3), WireError::NotBinding);
    assert_eq!(
        StunMessage::parse(&sealed(&[0x80, 0x22, 0, 200])).unwrap_err(),
        WireError::BadLength
    );
}

#[test]
fn attributes_after_message_integrity_are_ignored() {
    let integrity = [&[0, 8, 0, 20][..], &[0; 20]].concat();
    let priority = [0, 0x24, 0, 4, 0, 0, 0, 1];
    let behind = sealed(&[integrity, priority.to_vec()].concat());
    assert_eq!(StunMessage::parse(&behind).unwrap().priority(), None);
    assert_eq!(
        StunMessage::parse(&sealed(&priority)).unwrap().priority(),
        Some(1)
    );
}

/// An attribute.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = value.len() as u16;
    let mut attribute = [&kind.to_be_bytes(), &len.to_be_bytes(), value].concat();
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    attribute
}

#[test]
fn the_first_of_two_equal_attributes_counts() {
    let first_of = |kind: u16, values: [&[u8]; 2]| {
        let attributes = values.map(|value| attribute(kind, value));
        sealed(&attributes.concat())
    };
    let parse = |data: &'static [u8]| StunMessage::parse(data).unwrap();
    let first = |kind, values| parse(first_of(kind, values).leak());
    let messages = [
        first(0x0006, [b"a:b", b"c:d"]),
        first(0x0024, [&[0, 0, 0, 1], &[0, 0, 0, 2]]),
        first(0x802A, [&[1; 8], &[2; 8]]),
        first(0x8029, [&[1; 8], &[2; 8]]),
        first(
            0x0020,
            [&[0, 1, 0, 0, 0, 0, 0, 0], &[0, 1, 9, 9, 9, 9, 9, 9]],
        ),
        first(0x0009, [&[0, 0, 4, 1], &[0, 0, 4, 2]]),
    ];
    let [username, priority, controlling, controlled, address, error] = &messages;
    assert_eq!(username.username().unwrap().local, "a");
    assert_eq!(priority.priority(), Some(1));
    let tie_breaker = u64::from_be_bytes([1; 8]);
    assert_eq!(controlling.role(), Some(IceRole::Controlling(tie_breaker)));
    assert_eq!(controlled.role(), Some(IceRole::Controlled(tie_breaker)));
    let source = "33.18.164.66:8466".parse().unwrap();
    assert_eq!(address.mapped_address(), Some(source));
    assert_eq!(error.error_code(), Some(401));
    for message in &messages {
        assert_eq!(message.unknown_required(), None);
    }
}

#[test]
fn an_indication_has_its_class() {
    let mut indication = sealed(&[]);
    indication[1] = 0x11;
    indication.truncate(20);
    let crc = fingerprint(&indication);
    indication.extend([0x80, 0x28, 0, 4]);
    indication.extend(crc.to_be_bytes());
    let message = StunMessage::parse(&indication).unwrap();
    assert_eq!(message.class(), StunClass::Indication);
}

#[test]
fn the_first_unknown_comprehension_required_attribute_is_reported() {
    let message = sealed(&[0x80, 0x00, 0, 0, 0x7F, 0x01, 0, 0, 0x7F, 0x02, 0, 0]);
    assert_eq!(
        StunMessage::parse(&message).unwrap().unknown_required(),
        Some(0x7F01)
    );
}

#[test]
fn malformed_values_are_refused() {
    let no_colon = [0, 6, 0, 4, b'a', b'b', b'c', b'd'];
    let no_remote = [0, 6, 0, 2, b'a', b':', 0, 0];
    let not_utf8 = [0, 6, 0, 3, 0xFF, b':', b'a', 0];
    let short_priority = [0, 0x24, 0, 2, 0, 1, 0, 0];
    let short_integrity = [0, 8, 0, 4, 1, 2, 3, 4];
    for attributes in [
        no_colon,
        no_remote,
        not_utf8,
        short_priority,
        short_integrity,
    ] {
        assert_eq!(
            StunMessage::parse(&sealed(&attributes)).unwrap_err(),
            WireError::InvalidField
        );
    }
}

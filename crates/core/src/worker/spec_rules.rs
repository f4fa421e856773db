//! Rules for the parameters of commands that need no look at existing entities.

use crate::api::{
    CodecMapping, CommandError, ConsumerSpec, EncodingSpec, ExtensionMapping, IceCredentials,
    PipeConsumerSpec, ProducerSpec,
};

/// Encodings of a producer. Each is one bit of a `u32`, and no client sends more.
const MAX_ENCODINGS: usize = 8;

/// Entries of any other list in a spec.
const MAX_LIST: usize = 64;

/// Length of a MID or RID, bytes.
const MAX_NAME: usize = 32;

/// Length of a CNAME, bytes: its length field has one byte (RFC 3550 section 6.5).
const MAX_CNAME: usize = 255;

/// Length of a ufrag or password, bytes (RFC 8839 section 5.4).
const CREDENTIAL_LENGTHS: std::ops::RangeInclusive<usize> = 4..=256;

/// Checks lengths, and that the ufrag has no `:`, which separates the ufrags in a STUN USERNAME.
pub(super) fn check_credentials(ice: &IceCredentials) -> Result<(), CommandError> {
    valid(
        CREDENTIAL_LENGTHS.contains(&ice.ufrag.len())
            && CREDENTIAL_LENGTHS.contains(&ice.pwd.len())
            && !ice.ufrag.contains(':'),
    )
}

/// Checks a producer's parameters. Each of several encodings needs an SSRC or a RID; RIDs are unique.
pub(super) fn check_producer(spec: &ProducerSpec) -> Result<(), CommandError> {
    let encodings = &spec.encodings;
    let rids_differ = encodings.iter().enumerate().all(|(index, encoding)| {
        encoding.rid.is_none()
            || encodings
                .iter()
                .skip(index + 1)
                .all(|other| other.rid != encoding.rid)
    });
    let is_identifiable =
        |encoding: &EncodingSpec| encoding.ssrc.is_some() || encoding.rid.is_some();
    let mut names = encodings
        .iter()
        .filter_map(|encoding| encoding.rid.as_ref())
        .chain(&spec.mid);
    valid(
        (1..=MAX_ENCODINGS).contains(&encodings.len())
            && (encodings.len() == 1 || encodings.iter().all(is_identifiable))
            && rids_differ
            && names.all(|name| (1..=MAX_NAME).contains(&name.len()))
            && are_codecs_valid(&spec.codecs)
            && are_extensions_valid(&spec.extensions),
    )
}

/// Checks a consumer's parameters.
pub(super) fn check_consumer(spec: &ConsumerSpec) -> Result<(), CommandError> {
    valid(
        spec.mid.len() <= MAX_NAME
            && spec.cname.len() <= MAX_CNAME
            && are_codecs_valid(&spec.codecs)
            && are_extensions_valid(&spec.extensions),
    )
}

/// Checks a pipe consumer's parameters. The producer says how many encodings there are.
pub(super) fn check_pipe_consumer(spec: &PipeConsumerSpec) -> Result<(), CommandError> {
    valid(
        spec.cname.len() <= MAX_CNAME
            && are_codecs_valid(&spec.codecs)
            && are_extensions_valid(&spec.extensions),
    )
}

const fn valid(is_valid: bool) -> Result<(), CommandError> {
    if is_valid {
        Ok(())
    } else {
        Err(CommandError::InvalidSpec)
    }
}

/// Payload types have 7 bits and are unique.
fn are_codecs_valid(codecs: &[CodecMapping]) -> bool {
    let mut seen = [false; 128];
    let mut payload_types = codecs
        .iter()
        .flat_map(|codec| [Some(codec.payload_type), codec.rtx_payload_type])
        .flatten();
    let mut is_new = |payload_type: u8| {
        seen.get_mut(usize::from(payload_type))
            .is_some_and(|seen| !std::mem::replace(seen, true))
    };
    (1..=MAX_LIST).contains(&codecs.len())
        && payload_types.all(&mut is_new)
        && codecs.iter().all(|codec| codec.clock_rate > 0)
}

/// Extension ids and kinds are unique.
fn are_extensions_valid(extensions: &[ExtensionMapping]) -> bool {
    extensions.len() <= MAX_LIST
        && extensions.iter().enumerate().all(|(index, one)| {
            one.id != 0
                && extensions
                    .iter()
                    .skip(index + 1)
                    .all(|other| other.id != one.id && other.kind != one.kind)
        })
}

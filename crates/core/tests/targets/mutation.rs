//! Damage to packets.

use arbitrary::{Result, Unstructured};

use crate::common::media::Packet;

/// The longest packet that a client sends.
pub const MAX_PACKET: usize = 1_400;

/// Whether an event with this probability happens.
pub fn chance(script: &mut Unstructured<'_>, percent: u8) -> Result<bool> {
    script.ratio(percent, 100)
}

/// A byte; often one of those at the limits of a field.
fn byte(script: &mut Unstructured<'_>) -> Result<u8> {
    let values = [0, 1, 0x7f, 0x80, 0xff];
    match values.get(script.int_in_range(0..=9)?) {
        Some(value) => Ok(*value),
        None => script.arbitrary(),
    }
}

/// A 32-bit number; often one of those at the limits of a field.
pub fn word(script: &mut Unstructured<'_>) -> Result<u32> {
    let values = [0, 1, 1 << 16, 1 << 31, u32::MAX];
    match values.get(script.int_in_range(0..=9)?) {
        Some(value) => Ok(*value),
        None => script.arbitrary(),
    }
}

/// Up to `max` bytes.
pub fn bytes(script: &mut Unstructured<'_>, max: usize) -> Result<Vec<u8>> {
    let len = script.int_in_range(0..=max)?;
    Ok(script.bytes(len.min(script.len()))?.to_vec())
}

/// Milliseconds until the next step; sometimes long enough for timeouts.
pub fn pause(script: &mut Unstructured<'_>) -> Result<u64> {
    match script.int_in_range(0..=19)? {
        0 => Ok(6_500),
        1 => Ok(2_100),
        2 => Ok(900),
        _ => script.int_in_range(0..=60),
    }
}

/// Sometimes changes the timestamp and the payload of media before they are encrypted.
pub fn damage(script: &mut Unstructured<'_>, media: &mut Packet<'_>) -> Result<()> {
    if chance(script, 3)? {
        media.timestamp = word(script)?;
    }
    if chance(script, 15)? {
        mutate(script, &mut media.payload, 12)?;
    }
    if chance(script, 5)? {
        media.payload.clear();
        media.padding = script.int_in_range(1..=200)?;
    }
    Ok(())
}

/// Changes a packet in one to three places, mostly in its first `head` bytes.
pub fn mutate(script: &mut Unstructured<'_>, packet: &mut Vec<u8>, head: usize) -> Result<()> {
    for _ in 0..script.int_in_range(1..=3)? {
        if packet.is_empty() {
            return Ok(());
        }
        let is_in_head = chance(script, 80)?;
        let range = if is_in_head {
            packet.len().min(head)
        } else {
            packet.len()
        };
        let at = script.choose_index(range)?;
        match script.int_in_range(0..=7)? {
            0 => packet[at] = byte(script)?,
            1 => packet[at] ^= 1 << script.int_in_range(0..=7)?,
            2 => packet[at] = packet[at].wrapping_add(1),
            3 => packet.truncate(at),
            4 => packet.insert(at, byte(script)?),
            5 => {
                packet.remove(at);
            }
            6 => {
                let end = packet.len().min(at + script.int_in_range(1..=32)?);
                let copy = packet[at..end].to_vec();
                packet.splice(at..at, copy);
            }
            _ => packet.extend(bytes(script, 40)?),
        }
    }
    packet.truncate(MAX_PACKET);
    Ok(())
}

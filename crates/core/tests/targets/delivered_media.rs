//! Media that a link delivers: packets, with the number of times that their sequence number has rolled over.

use arbitrary::{Result, Unstructured};

use super::captures::SIMULCAST;
use super::mutation::{chance, damage, mutate, word};
use crate::common::media::{Packet, vp8};
use crate::common::node_pipe::LINK_CC;
use crate::common::pipes::PIPE_SSRC;
use crate::common::specs::{OUT_VP8, OUT_VP8_RTX};

/// Encodings of the producer that the link delivers.
pub const ENCODINGS: usize = 2;

/// VP8 with the SSRCs of the link.
pub struct DeliveredMedia {
    /// The last sequence number by encoding.
    numbers: [u16; ENCODINGS],
    rtx_number: u16,
    transport_number: u16,
}

impl DeliveredMedia {
    pub fn new() -> Self {
        Self {
            numbers: [1_000, 65_000],
            rtx_number: 0,
            transport_number: 0,
        }
    }

    /// Media with loss, reordering and jumps of the sequence and of the transport-wide number; some payloads are damaged.
    pub fn picture(&mut self, script: &mut Unstructured<'_>) -> Result<(Vec<u8>, u32)> {
        let encoding = script.choose_index(ENCODINGS)?;
        let step = match script.int_in_range(0..=39)? {
            0 => 5,
            1 => 400,
            2 => 0_u16.wrapping_sub(20),
            3 => 3_200,
            4 => 32_760,
            5 => 0,
            _ => 1,
        };
        let number = self.numbers[encoding].wrapping_add(step);
        self.numbers[encoding] = number;
        let ahead = if chance(script, 5)? {
            script.arbitrary()?
        } else {
            1
        };
        self.transport_number = self.transport_number.wrapping_add(ahead);
        let transport_number = self.transport_number.to_be_bytes();
        let mut packet = vp8(number, chance(script, 10)?);
        packet.payload_type = OUT_VP8;
        packet.ssrc = PIPE_SSRC + 10 * encoding as u32 + u32::from(chance(script, 1)?);
        packet.extensions = vec![(LINK_CC, &transport_number)];
        damage(script, &mut packet)?;
        // The higher encoding starts just before its first rollover.
        let has_rolled_over = encoding == 1 && number < 500;
        let mut packet = packet.bytes();
        if chance(script, 10)? {
            mutate(script, &mut packet, 40)?;
        }
        Ok((packet, has_rolled_over.into()))
    }

    /// A damaged packet of a browser, with an SSRC of the link.
    pub fn capture(&mut self, script: &mut Unstructured<'_>) -> Result<(Vec<u8>, u32)> {
        let mut packet = script.choose(&SIMULCAST.packets)?.clone();
        mutate(script, &mut packet, 60)?;
        if let Some(ssrc) = packet.get_mut(8..12) {
            ssrc.copy_from_slice(&PIPE_SSRC.to_be_bytes());
        }
        Ok((packet, 0))
    }

    /// RTX, requested or not.
    pub fn repair(&mut self, script: &mut Unstructured<'_>) -> Result<(Vec<u8>, u32)> {
        let encoding = script.choose_index(ENCODINGS)?;
        let repaired = self.numbers[encoding].wrapping_sub(script.int_in_range(0..=60)?);
        self.rtx_number = self.rtx_number.wrapping_add(1);
        let original = vp8(repaired, chance(script, 20)?);
        let mut payload = repaired.to_be_bytes().to_vec();
        payload.extend(&original.payload);
        if chance(script, 20)? {
            mutate(script, &mut payload, 12)?;
        }
        let packet = Packet {
            ssrc: PIPE_SSRC + 10 * encoding as u32 + 1,
            payload_type: OUT_VP8_RTX,
            sequence: self.rtx_number,
            payload,
            ..original
        };
        Ok((packet.bytes(), 0))
    }
}

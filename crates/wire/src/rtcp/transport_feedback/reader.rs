//! Reads transport feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.

use super::chunk::{Chunk, Symbol};
use super::{CHUNKS_OFFSET, REFERENCE_TICKS, TICK_MICROS};
use crate::WireError;
use crate::bytes;

/// Transport feedback, read in place.
#[derive(Debug, Clone)]
pub struct TransportFeedback<'a> {
    /// Who received.
    pub sender_ssrc: u32,
    /// Any stream of the sender's.
    pub media_ssrc: u32,
    /// The first packet that is reported on.
    pub base_sequence: u16,
    /// How many packets are reported on, lost ones included.
    pub status_count: u16,
    /// How many of them have arrived. Known without a walk through [`Self::statuses`], of which a few bytes can claim
    /// thousands.
    pub arrived_count: u16,
    /// In units of 64 ms of the receiver's clock, 24 signed bits: wraps every 12.4 days.
    pub reference_time: i32,
    /// Counts feedback packets, so that lost ones are noticed; wraps.
    pub feedback_count: u8,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> TransportFeedback<'a> {
    pub(in super::super) const FORMAT: u8 = 15;

    pub(in super::super) fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let status_count = bytes::u16_at(body, 10)?;
        let reference = bytes::u24_at(body, 12)?;
        let feedback_count = bytes::u8_at(body, 15)?;
        let rest = body.get(CHUNKS_OFFSET..).unwrap_or_default();
        let (arrived_count, chunks_len, deltas_len) = measure(rest, status_count)?;
        let (chunks, deltas) = rest
            .split_at_checked(chunks_len)
            .ok_or(WireError::Truncated)?;
        Ok(Self {
            sender_ssrc: bytes::u32_at(body, 0)?,
            media_ssrc: bytes::u32_at(body, 4)?,
            base_sequence: bytes::u16_at(body, 8)?,
            status_count,
            arrived_count,
            // Sign-extended from 24 bits.
            reference_time: ((reference << 8) as i32) >> 8,
            feedback_count,
            chunks,
            deltas: bytes::slice(deltas, 0, deltas_len)?,
        })
    }

    /// The reference time in microseconds: the first delta counts from there, each further one from the arrival before.
    #[must_use]
    pub const fn reference_time_micros(&self) -> i64 {
        self.reference_time as i64 * (REFERENCE_TICKS * TICK_MICROS) as i64
    }

    /// What became of each packet, in the order of their sequence numbers.
    #[must_use]
    pub const fn statuses(&self) -> PacketStatuses<'a> {
        PacketStatuses {
            chunks: self.chunks,
            deltas: self.deltas,
            chunk: Chunk(0),
            index: 0,
            sequence_number: self.base_sequence,
            remaining: self.status_count,
        }
    }
}

/// How many of `status_count` packets have arrived, and the bytes that their chunks and deltas take.
fn measure(data: &[u8], status_count: u16) -> Result<(u16, usize, usize), WireError> {
    let mut remaining = status_count;
    let (mut arrived_count, mut chunks_len, mut deltas_len) = (0, 0, 0);
    while remaining > 0 {
        let chunk = Chunk(bytes::u16_at(data, chunks_len)?);
        let count = chunk.len().min(remaining);
        let (arrived, len) = chunk.measure(count)?;
        arrived_count += arrived;
        deltas_len += len;
        chunks_len += 2;
        remaining -= count;
    }
    Ok((arrived_count, chunks_len, deltas_len))
}

/// What became of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketStatus {
    /// The packet's transport-wide sequence number.
    pub sequence_number: u16,
    /// Microseconds from the arrival before (the reference time for the first), a multiple of 250; None when the
    /// packet has not been received.
    pub delta_micros: Option<i32>,
}

/// Iterates over the packets that are reported on.
#[derive(Debug, Clone)]
pub struct PacketStatuses<'a> {
    chunks: &'a [u8],
    deltas: &'a [u8],
    chunk: Chunk,
    index: u16,
    sequence_number: u16,
    remaining: u16,
}

impl PacketStatuses<'_> {
    fn next_symbol(&mut self) -> Option<Symbol> {
        while self.index >= self.chunk.len() {
            let (chunk, rest) = self.chunks.split_first_chunk()?;
            self.chunk = Chunk(u16::from_be_bytes(*chunk));
            self.chunks = rest;
            self.index = 0;
        }
        let symbol = self.chunk.symbol(self.index).ok()?;
        self.index += 1;
        Some(symbol)
    }

    fn next_delta(&mut self, symbol: Symbol) -> Option<Option<i32>> {
        let (delta, rest) = self.deltas.split_at_checked(symbol.delta_len())?;
        self.deltas = rest;
        let ticks = match *delta {
            [] => return Some(None),
            [small] => i32::from(small),
            [high, low] => i32::from(i16::from_be_bytes([high, low])),
            _ => return None,
        };
        Some(Some(ticks * TICK_MICROS as i32))
    }
}

impl Iterator for PacketStatuses<'_> {
    type Item = PacketStatus;

    fn next(&mut self) -> Option<PacketStatus> {
        self.remaining = self.remaining.checked_sub(1)?;
        let symbol = self.next_symbol()?;
        let delta_micros = self.next_delta(symbol)?;
        let sequence_number = self.sequence_number;
        self.sequence_number = sequence_number.wrapping_add(1);
        Some(PacketStatus {
            sequence_number,
            delta_micros,
        })
    }
}

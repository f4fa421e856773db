//! Reads transport feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.

use super::chunk::{Chunk, Symbol, Symbols};
use super::{CHUNKS_OFFSET, REFERENCE_TICKS, TICK_MICROS};
use crate::WireError;
use crate::bytes;

/// Transport feedback, read in place.
#[derive(Debug, Clone)]
pub struct TransportFeedback<'a> {
    /// SSRC of the receiver of the packets.
    pub sender_ssrc: u32,
    /// SSRC of any stream of the sender.
    pub media_ssrc: u32,
    /// Sequence number of the first reported packet.
    pub base_sequence: u16,
    /// Number of reported packets, including lost ones.
    pub status_count: u16,
    /// Number of received packets among them. Available without iterating over [`Self::statuses`], which can be
    /// thousands from a few bytes.
    pub arrived_count: u16,
    /// Reference time in units of 64 ms of the receiver's clock. Signed 24 bits: wraps every 12.4 days.
    pub reference_time: i32,
    /// Counter of feedback packets, to detect their loss; wraps.
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

    /// The reference time in microseconds. The first delta is relative to it, each further delta to the previous
    /// arrival.
    #[must_use]
    pub const fn reference_time_micros(&self) -> i64 {
        self.reference_time as i64 * (REFERENCE_TICKS * TICK_MICROS) as i64
    }

    /// The status of each reported packet, in sequence order.
    #[must_use]
    pub const fn statuses(&self) -> PacketStatuses<'a> {
        PacketStatuses {
            chunks: self.chunks,
            deltas: self.deltas,
            symbols: Symbols::NONE,
            sequence_number: self.base_sequence,
            remaining: self.status_count,
        }
    }
}

/// Returns how many of `status_count` packets were received, and the lengths of chunks and deltas in bytes.
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

/// The status of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketStatus {
    /// Transport-wide sequence number of the packet.
    pub sequence_number: u16,
    /// Microseconds since the previous arrival (for the first, since the reference time), a multiple of 250; `None`
    /// when the packet was not received.
    pub delta_micros: Option<i32>,
}

/// Iterates over the reported packets.
#[derive(Debug, Clone)]
pub struct PacketStatuses<'a> {
    chunks: &'a [u8],
    deltas: &'a [u8],
    /// Of the current chunk.
    symbols: Symbols,
    sequence_number: u16,
    remaining: u16,
}

impl PacketStatuses<'_> {
    #[inline]
    fn next_symbol(&mut self) -> Option<Symbol> {
        loop {
            if let Some(symbol) = self.symbols.next() {
                return symbol.ok();
            }
            let (chunk, rest) = self.chunks.split_first_chunk()?;
            self.symbols = Chunk(u16::from_be_bytes(*chunk)).symbols();
            self.chunks = rest;
        }
    }

    #[inline]
    fn next_delta(&mut self, symbol: Symbol) -> Option<Option<i32>> {
        let ticks = match symbol {
            Symbol::NotReceived => return Some(None),
            Symbol::SmallDelta => {
                let (small, rest) = self.deltas.split_first()?;
                self.deltas = rest;
                i32::from(*small)
            }
            Symbol::LargeDelta => {
                let (large, rest) = self.deltas.split_first_chunk()?;
                self.deltas = rest;
                i16::from_be_bytes(*large).into()
            }
        };
        Some(Some(ticks * TICK_MICROS as i32))
    }
}

impl Iterator for PacketStatuses<'_> {
    type Item = PacketStatus;

    #[inline]
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

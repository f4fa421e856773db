//! Reads transport feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.

use std::slice;

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

    /// The reported packets in sequence order, as runs of those that were received and those that were not.
    #[must_use]
    pub const fn runs(&self) -> Runs<'a> {
        Runs {
            chunks: self.chunks,
            deltas: self.deltas,
            symbols: Symbols::NONE,
            remaining: self.status_count,
        }
    }

    /// The status of each reported packet, in sequence order.
    pub fn statuses(&self) -> impl Iterator<Item = PacketStatus> + use<'a> {
        let deltas = self.runs().flat_map(|run| {
            let (lost, received) = match run {
                Run::Lost(count) => (count, None),
                Run::Received(deltas) => (0, Some(deltas)),
            };
            let lost = std::iter::repeat_n(None, lost.into());
            lost.chain(received.into_iter().flatten().map(Some))
        });
        let base = self.base_sequence;
        (0..)
            .zip(deltas)
            .map(move |(nth, delta_micros)| PacketStatus {
                sequence_number: base.wrapping_add(nth),
                delta_micros,
            })
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

/// Consecutive packets that were all received, or all not.
#[derive(Debug, Clone)]
pub enum Run<'a> {
    /// So many were not received.
    Lost(u16),
    /// Were received.
    Received(Deltas<'a>),
}

/// For each packet of a run, the microseconds since the previous arrival (for the first of the feedback, since the
/// reference time).
#[derive(Debug, Clone)]
pub enum Deltas<'a> {
    /// In ticks.
    Small(slice::Iter<'a, u8>),
    /// In ticks, signed.
    Large(slice::Iter<'a, [u8; 2]>),
}

impl Deltas<'_> {
    #[inline]
    const fn small(ticks: u8) -> i32 {
        ticks as i32 * TICK_MICROS as i32
    }

    #[inline]
    const fn large(ticks: [u8; 2]) -> i32 {
        i16::from_be_bytes(ticks) as i32 * TICK_MICROS as i32
    }
}

impl Iterator for Deltas<'_> {
    type Item = i32;

    #[inline]
    fn next(&mut self) -> Option<i32> {
        match self {
            Self::Small(ticks) => ticks.next().copied().map(Self::small),
            Self::Large(ticks) => ticks.next().copied().map(Self::large),
        }
    }

    /// Decides on the length of the deltas once.
    #[inline]
    fn fold<B, F: FnMut(B, i32) -> B>(self, init: B, f: F) -> B {
        match self {
            Self::Small(ticks) => ticks.copied().map(Self::small).fold(init, f),
            Self::Large(ticks) => ticks.copied().map(Self::large).fold(init, f),
        }
    }
}

/// Iterates over the runs of a feedback.
#[derive(Debug, Clone)]
pub struct Runs<'a> {
    chunks: &'a [u8],
    deltas: &'a [u8],
    /// Of the current chunk.
    symbols: Symbols,
    remaining: u16,
}

impl<'a> Runs<'a> {
    fn next_symbol(&mut self) -> Option<(Symbol, u16)> {
        loop {
            if let Some(run) = self.symbols.next() {
                return run.ok();
            }
            let (chunk, rest) = self.chunks.split_first_chunk()?;
            self.symbols = Chunk(u16::from_be_bytes(*chunk)).symbols();
            self.chunks = rest;
        }
    }

    fn next_deltas(&mut self, len: usize) -> Option<&'a [u8]> {
        let (deltas, rest) = self.deltas.split_at_checked(len)?;
        self.deltas = rest;
        Some(deltas)
    }
}

impl<'a> Iterator for Runs<'a> {
    type Item = Run<'a>;

    fn next(&mut self) -> Option<Run<'a>> {
        if self.remaining == 0 {
            return None;
        }
        let (symbol, count) = self.next_symbol()?;
        let count = count.min(self.remaining);
        self.remaining -= count;
        let deltas = self.next_deltas(symbol.delta_len() * usize::from(count))?;
        Some(match symbol {
            Symbol::NotReceived => Run::Lost(count),
            Symbol::SmallDelta => Run::Received(Deltas::Small(deltas.iter())),
            Symbol::LargeDelta => Run::Received(Deltas::Large(deltas.as_chunks().0.iter())),
        })
    }
}

//! Writes transport feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.

use super::super::header::{self, TRANSPORT_LAYER_FEEDBACK};
use super::chunk::{ChunkEncoder, Symbol};
use super::{CHUNKS_OFFSET, REFERENCE_TICKS, TICK_MICROS, TransportFeedback};
use crate::WireError;
use crate::bytes::Cursor;

const RTCP_HEADER_LEN: usize = 4;

/// The arrival of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Transport-wide sequence number of the packet.
    pub sequence_number: u16,
    /// Arrival time in microseconds of the receiver's clock.
    pub arrival_micros: u64,
}

impl Arrival {
    const fn ticks(self) -> u64 {
        self.arrival_micros / TICK_MICROS
    }
}

/// Transport feedback to write. Packets from `base_sequence` that are missing in `arrivals` are reported as lost.
#[derive(Debug, Clone, Copy)]
pub struct TransportFeedbackBuilder<'a> {
    /// SSRC of the receiver of the packets.
    pub sender_ssrc: u32,
    /// SSRC of any stream of the sender.
    pub media_ssrc: u32,
    /// Counter of feedback packets; wraps.
    pub feedback_count: u8,
    /// Sequence number of the first packet to report: where the previous feedback ended.
    pub base_sequence: u16,
    /// At least one arrival, with sequence numbers that ascend modulo 2^16, all within 2^15 of the base. Times may
    /// decrease.
    pub arrivals: &'a [Arrival],
}

/// How many arrivals one feedback packet contains. If `arrivals` is less than the number given, the rest goes into
/// another packet with the next feedback count and `next_sequence` as its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenFeedback {
    /// Length of the packet in bytes, a multiple of four.
    pub len: usize,
    /// Number of arrivals written, at least one.
    pub arrivals: usize,
    /// Sequence number after the last reported packet.
    pub next_sequence: u16,
}

impl TransportFeedbackBuilder<'_> {
    /// Writes as many arrivals as fit the buffer and as deltas can express (±8.19 s between two arrivals).
    ///
    /// The packet is padded to whole words with zeros and without the P bit, so that it can be anywhere in a compound.
    /// The status count tells a reader where the deltas end.
    ///
    /// # Errors
    /// [`WireError::Unrepresentable`] when there are no arrivals or they do not ascend;
    /// [`WireError::BufferTooSmall`] when not even the first arrival fits.
    pub fn write(&self, buffer: &mut [u8]) -> Result<WrittenFeedback, WireError> {
        let count = self.count_fitting(buffer.len())?;
        let taken = self.arrivals.get(..count).unwrap_or_default();
        let (Some(first), Some(last)) = (taken.first(), taken.last()) else {
            return Err(WireError::BufferTooSmall);
        };
        let next_sequence = last.sequence_number.wrapping_add(1);
        let reference = first.ticks() / REFERENCE_TICKS;
        let len = header::write(
            buffer,
            TRANSPORT_LAYER_FEEDBACK,
            TransportFeedback::FORMAT.into(),
            |out| {
                out.u32(self.sender_ssrc)?;
                out.u32(self.media_ssrc)?;
                out.u16(self.base_sequence)?;
                out.u16(next_sequence.wrapping_sub(self.base_sequence))?;
                // The field wraps at 24 bits.
                out.u24((reference & 0xFF_FFFF) as u32)?;
                out.u8(self.feedback_count)?;
                self.write_chunks(taken, out)?;
                self.write_deltas(taken, out)
            },
        )?;
        Ok(WrittenFeedback {
            len,
            arrivals: count,
            next_sequence,
        })
    }

    /// Returns how many arrivals fit into `budget` bytes.
    fn count_fitting(&self, budget: usize) -> Result<usize, WireError> {
        let mut encoder = ChunkEncoder::default();
        // One chunk is always pending.
        let mut len = RTCP_HEADER_LEN + CHUNKS_OFFSET + 2;
        let mut count = 0;
        for step in self.steps(self.arrivals) {
            let step = step?;
            let Some(symbol) = step.symbol() else { break };
            let lost = std::iter::repeat_n(Symbol::NotReceived, step.lost.into());
            len += 2 * lost
                .chain([symbol])
                .filter_map(|symbol| encoder.push(symbol))
                .count()
                + symbol.delta_len();
            if len.next_multiple_of(4) > budget {
                break;
            }
            count += 1;
        }
        if self.arrivals.is_empty() {
            Err(WireError::Unrepresentable)
        } else {
            Ok(count)
        }
    }

    fn write_chunks(&self, taken: &[Arrival], out: &mut Cursor<'_>) -> Result<(), WireError> {
        let mut encoder = ChunkEncoder::default();
        for step in self.steps(taken) {
            let step = step?;
            let symbol = step.symbol().ok_or(WireError::Unrepresentable)?;
            let lost = std::iter::repeat_n(Symbol::NotReceived, step.lost.into());
            for chunk in lost
                .chain([symbol])
                .filter_map(|symbol| encoder.push(symbol))
            {
                out.u16(chunk.0)?;
            }
        }
        encoder.finish().map_or(Ok(()), |chunk| out.u16(chunk.0))
    }

    fn write_deltas(&self, taken: &[Arrival], out: &mut Cursor<'_>) -> Result<(), WireError> {
        for step in self.steps(taken) {
            let ticks = step?.delta_ticks;
            match (u8::try_from(ticks), i16::try_from(ticks)) {
                (Ok(small), _) => out.u8(small)?,
                (_, Ok(large)) => out.bytes(&large.to_be_bytes())?,
                _ => return Err(WireError::Unrepresentable),
            }
        }
        Ok(())
    }

    fn steps<'s>(
        &'s self,
        arrivals: &'s [Arrival],
    ) -> impl Iterator<Item = Result<Step, WireError>> + use<'s> {
        let mut previous_ticks = arrivals
            .first()
            .map_or(0, |first| first.ticks() / REFERENCE_TICKS * REFERENCE_TICKS);
        let mut next_distance = 0;
        arrivals.iter().map(move |arrival| {
            let distance = arrival.sequence_number.wrapping_sub(self.base_sequence);
            if distance < next_distance || distance >= 1 << 15 {
                return Err(WireError::Unrepresentable);
            }
            let lost = distance - next_distance;
            next_distance = distance + 1;
            let ticks = arrival.ticks();
            // Ticks are below 2^63, so both are positive as i64.
            let delta_ticks = ticks as i64 - previous_ticks as i64;
            previous_ticks = ticks;
            Ok(Step { lost, delta_ticks })
        })
    }
}

/// The step from one arrival to the next.
struct Step {
    /// Lost packets between the two.
    lost: u16,
    /// Time between the two, in ticks.
    delta_ticks: i64,
}

impl Step {
    /// The status symbol; `None` when the time exceeds a large delta.
    fn symbol(&self) -> Option<Symbol> {
        if u8::try_from(self.delta_ticks).is_ok() {
            Some(Symbol::SmallDelta)
        } else if i16::try_from(self.delta_ticks).is_ok() {
            Some(Symbol::LargeDelta)
        } else {
            None
        }
    }
}

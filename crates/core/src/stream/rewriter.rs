//! The sequence numbers that a consumer sees.

use std::collections::VecDeque;

/// Runs of the mapping that are remembered: with every second frame dropped, more than two seconds of video.
const MAX_SEGMENTS: usize = 256;
/// A jump in the source beyond this is no loss but a restart (MAX_DROPOUT of RFC 3550 appendix A.1).
const MAX_DROPOUT: u64 = 3_000;

/// A packet by the name that its source gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourcePacket {
    /// As given to [`SequenceRewriter::switch_source`].
    pub source: u32,
    /// Extended sequence number in the source.
    pub sequence: u64,
}

/// Source numbers `first..end` are sent as `out..`.
#[derive(Debug, Clone, Copy)]
struct Segment {
    source: u32,
    first: u64,
    end: u64,
    out: u64,
}

impl Segment {
    fn output(&self, ext: u64) -> u64 {
        self.out + (ext - self.first)
    }

    fn holds(&self, source: u32, ext: u64) -> bool {
        self.source == source && (self.first..self.end).contains(&ext)
    }
}

/// Maps the extended sequence numbers of one source after another onto one gapless output numbering.
///
/// What is left out on purpose ([`Self::skip`]) leaves no gap; what was lost on the way leaves one, so that the
/// receiver asks for it and a late packet finds its place. The mapping is a list of linear segments, so no two
/// packets can get one number, and it can be read backwards for NACKs ([`Self::lookup`]).
#[derive(Debug, Clone)]
pub struct SequenceRewriter {
    /// Ascending in `out`, disjoint; the last is unbounded while `open`.
    segments: VecDeque<Segment>,
    source: u32,
    /// The current source has forwarded something since it was switched to.
    open: bool,
    /// Highest source number forwarded; of meaning while `open`.
    highest_in: u64,
    /// One above the highest output.
    next_out: u64,
    /// The first output ever.
    first_out: u64,
}

impl SequenceRewriter {
    /// The first packet of `source` that is forwarded gets the number `first`. A source may have any name, but not one
    /// that another numbering had.
    #[must_use]
    pub const fn new(source: u32, first: u16) -> Self {
        let first_out = (1 << 16) + first as u64;
        Self {
            segments: VecDeque::new(),
            source,
            open: false,
            highest_in: 0,
            next_out: first_out,
            first_out,
        }
    }

    /// From now on `source` is forwarded: its first packet continues directly after the highest output.
    ///
    /// To be called as well, with the same source, when a pause ends: whatever went by or was lost meanwhile leaves
    /// no gap.
    pub fn switch_source(&mut self, source: u32) {
        self.close();
        self.source = source;
    }

    /// The extended output number (on the wire: its low 16 bits) of packet `ext` of the current source.
    ///
    /// `None`: the packet is older than all that was forwarded since the switch, was skipped, or is too old to tell;
    /// it must not be sent. The same packet gets the same number each time.
    pub fn forward(&mut self, ext: u64) -> Option<u64> {
        if !self.open {
            // A pause ended, and this is late from before it.
            let floor = self
                .segments
                .iter()
                .rev()
                .find(|segment| segment.source == self.source)
                .map(|old| old.end);
            if floor.is_some_and(|floor| ext < floor) {
                return self.output_of(ext);
            }
            return Some(self.begin(ext));
        }
        let out = self.output_of(ext)?;
        if out > self.next_out + MAX_DROPOUT {
            self.close();
            return Some(self.begin(ext));
        }
        self.highest_in = self.highest_in.max(ext);
        self.next_out = self.next_out.max(out + 1);
        Some(out)
    }

    /// Packet `ext` of the current source is left out on purpose: what follows closes up.
    ///
    /// Once something newer has been forwarded it is too late for that, and the gap stays.
    pub fn skip(&mut self, ext: u64) {
        if !self.open || ext <= self.highest_in {
            return;
        }
        let Some(index) = self
            .segments
            .iter()
            .rposition(|segment| segment.holds(self.source, ext))
        else {
            return;
        };
        // Nothing above `highest_in` has been given out, so all of it may still move.
        for later in self.segments.iter_mut().skip(index + 1) {
            later.out -= 1;
        }
        let Some(segment) = self.segments.get_mut(index) else {
            return;
        };
        let Segment {
            source, first, end, ..
        } = *segment;
        let after = Segment {
            source,
            first: ext + 1,
            end,
            out: segment.output(ext),
        };
        if first == ext {
            *segment = after;
            if after.first == after.end {
                self.segments.remove(index);
            }
            return;
        }
        segment.end = ext;
        if after.first < after.end {
            self.segments.insert(index + 1, after);
            if self.segments.len() > MAX_SEGMENTS {
                self.segments.pop_front();
            }
        }
    }

    /// Which packet was sent as `sequence`, or would have been, had it not been lost on its way to us.
    #[must_use]
    pub fn lookup(&self, sequence: u16) -> Option<SourcePacket> {
        let highest = self.highest()?;
        let behind = (highest as u16).wrapping_sub(sequence);
        if behind > u16::MAX / 2 {
            return None;
        }
        let out = highest.checked_sub(u64::from(behind))?;
        let index = self
            .segments
            .partition_point(|segment| segment.out <= out)
            .checked_sub(1)?;
        let segment = self.segments.get(index)?;
        let sequence = segment.first + (out - segment.out);
        (sequence < segment.end).then_some(SourcePacket {
            source: segment.source,
            sequence,
        })
    }

    /// The highest extended output number so far.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        (self.next_out > self.first_out).then(|| self.next_out - 1)
    }

    /// The source that is forwarded.
    #[must_use]
    pub const fn source(&self) -> u32 {
        self.source
    }

    fn output_of(&self, ext: u64) -> Option<u64> {
        self.segments
            .iter()
            .rev()
            .find(|segment| segment.holds(self.source, ext))
            .map(|segment| segment.output(ext))
    }

    /// Opens a segment with `ext` as its first packet.
    fn begin(&mut self, ext: u64) -> u64 {
        let out = self.next_out;
        self.segments.push_back(Segment {
            source: self.source,
            first: ext,
            end: u64::MAX,
            out,
        });
        if self.segments.len() > MAX_SEGMENTS {
            self.segments.pop_front();
        }
        self.open = true;
        self.highest_in = ext;
        self.next_out = out + 1;
        out
    }

    /// Ends the mapping of the current source behind the highest packet that it forwarded.
    fn close(&mut self) {
        if !self.open {
            return;
        }
        self.open = false;
        while self
            .segments
            .back()
            .is_some_and(|segment| segment.first > self.highest_in)
        {
            self.segments.pop_back();
        }
        if let Some(last) = self.segments.back_mut() {
            last.end = last.end.min(self.highest_in + 1);
        }
    }
}

#[cfg(test)]
mod tests;

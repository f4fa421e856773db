//! Sequence numbers of a sent stream.

use std::collections::VecDeque;

/// Maximum number of segments. With every second frame dropped, they cover more than two seconds of video.
const MAX_SEGMENTS: usize = 256;
/// A jump in the source beyond this is a restart, not loss (MAX_DROPOUT of RFC 3550 appendix A.1).
const MAX_DROPOUT: u64 = 3_000;

/// A packet of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SourcePacket {
    /// As passed to [`SequenceRewriter::switch_source`].
    pub(crate) source: u32,
    /// Extended sequence number in the source.
    pub(crate) sequence: u64,
}

/// A linear part of the mapping: source numbers `first..end` become `out..`.
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

    fn contains(&self, source: u32, ext: u64) -> bool {
        self.source == source && (self.first..self.end).contains(&ext)
    }
}

/// Maps the extended sequence numbers of successive sources to one output sequence.
///
/// Packets that are dropped deliberately ([`Self::skip`]) leave no gap. Lost packets leave one, so that the receiver
/// requests them and late packets fit in. The mapping is a list of linear segments: no two packets get the same number,
/// and [`Self::lookup`] can map numbers of NACKs back.
#[derive(Debug, Clone)]
pub(crate) struct SequenceRewriter {
    /// Ascending in `out`, disjoint. The last is unbounded while `open`.
    segments: VecDeque<Segment>,
    source: u32,
    /// A packet of the current source has been forwarded since the last switch.
    open: bool,
    /// Highest forwarded source number; valid while `open`.
    highest_in: u64,
    /// One above the highest output.
    next_out: u64,
    /// The first output number.
    first_out: u64,
}

impl SequenceRewriter {
    /// The first forwarded packet gets the number `first`. Sources have arbitrary ids, but an id must not be reused for
    /// another sequence of numbers.
    #[must_use]
    pub(crate) const fn new(source: u32, first: u16) -> Self {
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

    /// Switches to `source`: its first packet follows directly after the highest output.
    ///
    /// Call it also when a pause ends, with the same source: then packets of the pause leave no gap.
    pub(crate) fn switch_source(&mut self, source: u32) {
        self.close();
        self.source = source;
    }

    /// After a switch: packets of the source from `ext` on that were sent before it get new numbers.
    pub(crate) fn go_back_to(&mut self, ext: u64) {
        let source = self.source;
        if !self.open {
            self.segments
                .retain(|segment| segment.source != source || segment.end <= ext);
        }
    }

    /// The extended output number (low 16 bits on the wire) of packet `ext` of the current source.
    ///
    /// Returns `None` if the packet must not be sent: it is older than all packets since the switch, was skipped, or is
    /// older than the segments. The same packet always gets the same number.
    pub(crate) fn forward(&mut self, ext: u64) -> Option<u64> {
        if !self.open {
            // A late packet from before a pause.
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

    /// Drops packet `ext` of the current source deliberately: the packets after it close the gap.
    ///
    /// Has no effect once a newer packet has been forwarded; then the gap stays.
    pub(crate) fn skip(&mut self, ext: u64) {
        if !self.open || ext <= self.highest_in {
            return;
        }
        let Some(index) = self
            .segments
            .iter()
            .rposition(|segment| segment.contains(self.source, ext))
        else {
            return;
        };
        // No number above `highest_in` has been used, so all of them can still move.
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

    /// The packet that was sent as `sequence`, or would have been if it had not been lost before it reached us.
    #[must_use]
    pub(crate) fn lookup(&self, sequence: u16) -> Option<SourcePacket> {
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
    pub(crate) fn highest(&self) -> Option<u64> {
        (self.next_out > self.first_out).then(|| self.next_out - 1)
    }

    fn output_of(&self, ext: u64) -> Option<u64> {
        self.segments
            .iter()
            .rev()
            .find(|segment| segment.contains(self.source, ext))
            .map(|segment| segment.output(ext))
    }

    /// Opens a segment that starts with packet `ext`.
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

    /// Ends the current segment after the highest forwarded packet.
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

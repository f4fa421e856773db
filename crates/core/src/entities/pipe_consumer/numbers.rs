//! The sequence numbers of a piped encoding.

/// The first output number has a rollover counter of zero (RFC 3711 section 3.3.1), and is below half a cycle: a receiver
/// that misses the first packets takes a number after a rollover for one before it.
const BASE: u64 = 1 << 16;
const FIRST: u64 = (1 << 15) - 1;

/// A packet of the producer's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbered {
    /// `ProducerStream::source`.
    pub(crate) source: u32,
    /// Extended number in that stream.
    pub(crate) sequence: u64,
    /// Extended output number.
    pub(crate) output: u64,
}

/// A run of packets of one stream of the producer, whose numbers are moved by a constant.
#[derive(Debug, Clone, Copy)]
struct Run {
    source: u32,
    /// The number of its first packet in the stream, and in the output.
    first: u64,
    output: u64,
}

/// Maps the extended numbers of the producer's streams to those of the pipe: gaps stay, and no number is used twice.
#[derive(Debug, Clone, Default)]
pub(crate) struct PipedNumbers {
    /// `None` while nothing is sent.
    run: Option<Run>,
    highest: Option<u64>,
}

impl PipedNumbers {
    /// The stream whose packets are sent.
    pub(crate) fn source(&self) -> Option<u32> {
        self.run.map(|run| run.source)
    }

    /// Starts a run with this packet of a stream. Its number follows the highest one: what was not sent on purpose leaves no
    /// gap.
    pub(crate) fn start(&mut self, source: u32, sequence: u64) {
        let output = match self.highest {
            Some(highest) => highest + 1,
            None => BASE + (sequence & FIRST),
        };
        self.run = Some(Run {
            source,
            first: sequence,
            output,
        });
    }

    /// Ends the run.
    pub(crate) fn stop(&mut self) {
        self.run = None;
    }

    /// The output number of a packet of the stream; `None` if it precedes the run.
    pub(crate) fn output(&mut self, sequence: u64) -> Option<u64> {
        let run = self.run?;
        let output = run.output + sequence.checked_sub(run.first)?;
        self.highest = self.highest.max(Some(output));
        Some(output)
    }

    /// The packet of the current run that was sent, or would have been, with this number.
    pub(crate) fn lookup(&self, number: u16) -> Option<Numbered> {
        let behind = (self.highest? as u16).wrapping_sub(number);
        self.recent(behind.into())
    }

    /// The packet of the current run with the number this far behind the highest.
    pub(crate) fn recent(&self, behind: u64) -> Option<Numbered> {
        let (run, highest) = (self.run?, self.highest?);
        let output = highest.checked_sub(behind)?;
        let sequence = run.first + output.checked_sub(run.output)?;
        Some(Numbered {
            source: run.source,
            sequence,
            output,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_producers_and_gaps_stay() {
        let mut numbers = PipedNumbers::default();
        numbers.start(1, BASE + 100);
        let sent = [100, 101, 105, 103].map(|number| numbers.output(BASE + number));
        assert_eq!(sent, [100, 101, 105, 103].map(|number| Some(BASE + number)));
        assert_eq!(numbers.highest, Some(BASE + 105));
    }

    #[test]
    fn a_packet_before_the_start_has_no_number() {
        let mut numbers = PipedNumbers::default();
        assert_eq!(numbers.output(BASE), None);
        numbers.start(1, BASE + 100);
        assert_eq!(numbers.output(BASE + 99), None);
    }

    #[test]
    fn the_first_number_is_far_from_a_rollover() {
        let mut numbers = PipedNumbers::default();
        numbers.start(1, BASE + 65_000);
        assert_eq!(numbers.output(BASE + 65_000), Some(BASE + 65_000 - 32_768));
        assert_eq!(numbers.output(BASE + 65_001), Some(BASE + 65_001 - 32_768));
    }

    #[test]
    fn a_new_run_continues_after_the_highest_number() {
        let mut numbers = PipedNumbers::default();
        numbers.start(1, BASE + 100);
        numbers.output(BASE + 110);
        numbers.output(BASE + 107);
        numbers.stop();
        assert_eq!((numbers.source(), numbers.output(BASE + 111)), (None, None));
        // The same stream from an earlier packet, then another one.
        numbers.start(1, BASE + 90);
        assert_eq!(numbers.output(BASE + 90), Some(BASE + 111));
        assert_eq!(numbers.output(BASE + 92), Some(BASE + 113));
        numbers.start(2, 3 * BASE);
        assert_eq!(numbers.output(3 * BASE), Some(BASE + 114));
    }

    #[test]
    fn a_nack_finds_packets_of_the_current_run_only() {
        let mut numbers = PipedNumbers::default();
        assert_eq!(numbers.lookup(0), None);
        numbers.start(1, BASE + 65_530);
        numbers.output(BASE + 65_530);
        numbers.start(2, BASE + 7);
        let first = numbers.output(BASE + 7).unwrap();
        numbers.output(BASE + 9);
        let found = |offset| numbers.lookup((first + offset) as u16);
        assert_eq!(
            found(1),
            Some(Numbered {
                source: 2,
                sequence: BASE + 8,
                output: first + 1
            })
        );
        assert_eq!(numbers.lookup(first as u16 - 1), None);
        assert_eq!(found(3), None, "was never sent");
    }
}

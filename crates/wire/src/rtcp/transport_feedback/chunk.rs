//! Packet status chunks: draft-holmer-rmcat-transport-wide-cc-extensions-01 sections 3.1.1 to 3.1.4.

use crate::WireError;

/// Longest run of a run length chunk (13 bits).
const MAX_RUN: u16 = 0x1FFF;

/// Symbols in a status vector chunk with one-bit symbols.
const ONE_BIT_SYMBOLS: u16 = 14;

/// Symbols in a status vector chunk with two-bit symbols.
const TWO_BIT_SYMBOLS: u16 = 7;

/// The status symbol of one packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Symbol {
    #[default]
    NotReceived,
    SmallDelta,
    LargeDelta,
}

impl Symbol {
    /// Length in bytes of the delta that the symbol announces.
    pub(super) const fn delta_len(self) -> usize {
        self as usize
    }

    #[inline]
    const fn from_bits(bits: u16) -> Result<Self, WireError> {
        match bits & 3 {
            0 => Ok(Self::NotReceived),
            1 => Ok(Self::SmallDelta),
            2 => Ok(Self::LargeDelta),
            _ => Err(WireError::InvalidField),
        }
    }
}

/// A chunk in packet format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk(pub(super) u16);

impl Chunk {
    /// Number of symbols in the chunk.
    pub(super) const fn len(self) -> u16 {
        match self.0 >> 14 {
            0 | 1 => self.0 & MAX_RUN,
            2 => ONE_BIT_SYMBOLS,
            _ => TWO_BIT_SYMBOLS,
        }
    }

    /// Its symbols.
    #[inline]
    pub(super) const fn symbols(self) -> Symbols {
        let (bits, width, is_run) = match self.0 >> 14 {
            0 | 1 => (self.0 << 1, 2, true),
            2 => (self.0 << 2, 1, false),
            _ => (self.0 << 2, 2, false),
        };
        Symbols {
            bits,
            width,
            is_run,
            left: self.len(),
        }
    }

    /// For the first `count` symbols, returns the number of received packets and the total length of their deltas in
    /// bytes. Equal symbols take one step, however many they are.
    pub(super) fn measure(self, count: u16) -> Result<(u16, usize), WireError> {
        let mut symbols = self.symbols();
        symbols.left = count;
        symbols.try_fold((0, 0), |(arrived, sum), run| {
            let (symbol, count) = run?;
            let len = symbol.delta_len();
            let received = if len > 0 { count } else { 0 };
            Ok((arrived + received, sum + len * usize::from(count)))
        })
    }
}

/// The symbols of a chunk that are left, as runs of equal ones.
#[derive(Debug, Clone)]
pub(super) struct Symbols {
    /// The next symbol is in the highest bits.
    bits: u16,
    /// Bits of a symbol.
    width: u32,
    /// The next symbol is that of all.
    is_run: bool,
    left: u16,
}

impl Symbols {
    pub(super) const NONE: Self = Self {
        bits: 0,
        width: 1,
        is_run: true,
        left: 0,
    };

    /// How many of those that are left are the same as the next one, whose bits these are.
    const fn same(&self, next: u16) -> u16 {
        let all = if self.width == 1 {
            next.wrapping_neg()
        } else {
            next * 0b01_01_01_01_01_01_01_01
        };
        let same = (self.bits ^ all).leading_zeros() / self.width;
        if self.is_run || same > self.left as u32 {
            self.left
        } else {
            same as u16
        }
    }
}

impl Iterator for Symbols {
    /// A symbol and how often it follows.
    type Item = Result<(Symbol, u16), WireError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let next = self.bits >> (u16::BITS - self.width);
        let count = self.same(next);
        self.left -= count;
        self.bits = self.bits.unbounded_shl(self.width * u32::from(count));
        Some(Symbol::from_bits(next).map(|symbol| (symbol, count)))
    }
}

/// Packs symbols into few chunks: it chooses the longest of run, one-bit vector and two-bit vector that fits the
/// pending symbols. The pending symbols always fit one chunk.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ChunkEncoder {
    symbols: [Symbol; ONE_BIT_SYMBOLS as usize],
    count: u16,
    mixed: bool,
    has_large: bool,
}

impl ChunkEncoder {
    /// Adds a symbol. Returns the finished chunk when the symbol does not fit the pending one.
    pub(super) fn push(&mut self, symbol: Symbol) -> Option<Chunk> {
        let closed = if self.has_room(symbol) {
            None
        } else {
            Some(self.close_full())
        };
        self.add(symbol);
        closed
    }

    /// Returns the chunk of the pending symbols; `None` when there are none.
    pub(super) fn finish(self) -> Option<Chunk> {
        match self.count {
            0 => None,
            _ if !self.mixed => Some(self.run()),
            1..=TWO_BIT_SYMBOLS => Some(self.two_bit_vector()),
            _ => Some(self.one_bit_vector()),
        }
    }

    fn has_room(&self, symbol: Symbol) -> bool {
        self.count < TWO_BIT_SYMBOLS
            || (self.count < ONE_BIT_SYMBOLS && !self.has_large && symbol != Symbol::LargeDelta)
            || (self.count < MAX_RUN && !self.mixed && symbol == self.first())
    }

    fn add(&mut self, symbol: Symbol) {
        if let Some(place) = self.symbols.get_mut(usize::from(self.count)) {
            *place = symbol;
        }
        self.mixed |= symbol != self.first();
        self.has_large |= symbol == Symbol::LargeDelta;
        self.count += 1;
    }

    /// Finishes the chunk when no further symbol fits. At most six symbols stay pending.
    fn close_full(&mut self) -> Chunk {
        let pending = std::mem::take(self);
        if !pending.mixed {
            return pending.run();
        }
        if pending.count == ONE_BIT_SYMBOLS {
            return pending.one_bit_vector();
        }
        for symbol in pending
            .symbols
            .iter()
            .take(pending.count.into())
            .skip(TWO_BIT_SYMBOLS.into())
        {
            self.add(*symbol);
        }
        pending.two_bit_vector()
    }

    const fn first(&self) -> Symbol {
        let [first, ..] = self.symbols;
        first
    }

    const fn run(&self) -> Chunk {
        Chunk(((self.first() as u16) << 13) | self.count)
    }

    fn one_bit_vector(&self) -> Chunk {
        let bits = self.symbols.iter().take(self.count.into());
        let vector = bits.fold(0, |vector, symbol| (vector << 1) | *symbol as u16);
        Chunk(0x8000 | (vector << (ONE_BIT_SYMBOLS - self.count)))
    }

    fn two_bit_vector(&self) -> Chunk {
        let count = self.count.min(TWO_BIT_SYMBOLS);
        let bits = self.symbols.iter().take(count.into());
        let vector = bits.fold(0, |vector, symbol| (vector << 2) | *symbol as u16);
        Chunk(0xC000 | (vector << (2 * (TWO_BIT_SYMBOLS - count))))
    }
}

#[cfg(test)]
mod tests {
    use super::Symbol::{LargeDelta, NotReceived, SmallDelta};
    use super::*;

    fn encode(symbols: &[Symbol]) -> Vec<u16> {
        let mut encoder = ChunkEncoder::default();
        let mut chunks: Vec<u16> = symbols
            .iter()
            .filter_map(|symbol| encoder.push(*symbol))
            .map(|chunk| chunk.0)
            .collect();
        chunks.extend(encoder.finish().map(|chunk| chunk.0));
        chunks
    }

    #[test]
    fn without_symbols_there_is_no_chunk() {
        assert_eq!(encode(&[]), []);
    }

    #[test]
    fn run_lengths_match_the_examples_of_the_draft() {
        // Section 3.1.3: 221 packets of symbol 00, 24 of symbol 01.
        assert_eq!(encode(&[NotReceived; 221]), [0x00DD]);
        assert_eq!(encode(&[SmallDelta; 24]), [0x2018]);
    }

    #[test]
    fn a_mixed_sequence_of_two_symbols_is_a_one_bit_vector() {
        let (no, yes) = (NotReceived, SmallDelta);
        let symbols = [
            no, yes, yes, yes, yes, yes, no, no, no, yes, yes, yes, no, no,
        ];
        assert_eq!(encode(&symbols), [0x8000 | 0b01_1111_0001_1100]);
        assert_eq!(
            encode(symbols.split_at(9).0),
            [0x8000 | 0b01_1111_0000_0000]
        );
    }

    #[test]
    fn a_large_delta_requires_a_two_bit_vector() {
        assert_eq!(
            encode(&[NotReceived, LargeDelta, SmallDelta]),
            [0xC000 | 0b00_10_01_00_00_00_00]
        );
    }

    #[test]
    fn a_large_delta_after_a_long_one_bit_sequence_splits_it() {
        let symbols = [
            SmallDelta,
            NotReceived,
            SmallDelta,
            SmallDelta,
            SmallDelta,
            SmallDelta,
            SmallDelta,
            NotReceived,
        ];
        let chunks = encode(&[&symbols[..], &[LargeDelta]].concat());
        assert_eq!(
            chunks,
            [
                0xC000 | 0b01_00_01_01_01_01_01,
                0xC000 | 0b00_10_00_00_00_00_00
            ]
        );
    }

    #[test]
    fn a_run_has_at_most_8191_symbols() {
        assert_eq!(encode(&[SmallDelta; 8192]), [0x3FFF, 0x2001]);
    }

    #[test]
    fn the_reserved_symbol_is_invalid() {
        let invalid = Some(Err(WireError::InvalidField));
        assert_eq!(Chunk(0x6001).symbols().next(), invalid);
        assert_eq!(Chunk(0xC003).symbols().nth(1), invalid);
        assert_eq!(Chunk(0xFFFF).measure(7), Err(WireError::InvalidField));
    }

    #[test]
    fn equal_symbols_are_read_at_once() {
        let read = |chunk| Chunk(chunk).symbols().collect::<Result<Vec<_>, _>>();
        assert_eq!(read(0x00DD), Ok(vec![(NotReceived, 221)]));
        assert_eq!(read(0x3FFF), Ok(vec![(SmallDelta, 8_191)]));
        assert_eq!(read(0xBFFF), Ok(vec![(SmallDelta, 14)]));
        let (no, small, large) = (NotReceived, SmallDelta, LargeDelta);
        assert_eq!(
            read(0x8000 | 0b01_1111_0001_1100),
            Ok(vec![(no, 1), (small, 5), (no, 3), (small, 3), (no, 2)])
        );
        assert_eq!(
            read(0xC000 | 0b10_10_01_00_00_00_00),
            Ok(vec![(large, 2), (small, 1), (no, 4)])
        );
    }
}

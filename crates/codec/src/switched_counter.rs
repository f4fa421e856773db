//! Keeps a counter that frames carry, such as VP9's picture id, continuous for a receiver when the source switches.

/// A counter of a sent stream: that of the source, less an offset. The offset changes at a switch only, so that the first
/// frame of the new source follows the last one sent. Gaps stay, since frames refer to each other by their distance.
///
/// VP8 differs: its receivers take gaps for loss, so [`crate::vp8_rewriter::Vp8Rewriter`] closes them.
#[derive(Debug, Clone, Copy, Default)]
pub struct SwitchedCounter {
    offset: u16,
    /// The newest value sent.
    newest: Option<u16>,
    is_switching: bool,
}

impl SwitchedCounter {
    /// Call this before frames of another source, or of the same source after a pause.
    pub const fn on_switch(&mut self) {
        self.is_switching = true;
    }

    /// The value to send for a value of the source, both of `bits` bits. The first source keeps its values.
    pub fn rewrite(&mut self, value: u16, bits: u32) -> u16 {
        let mask = u16::MAX >> (16 - bits.clamp(1, 16));
        if std::mem::take(&mut self.is_switching)
            && let Some(newest) = self.newest
        {
            self.offset = value.wrapping_sub(newest.wrapping_add(1));
        }
        let sent = value.wrapping_sub(self.offset) & mask;
        let is_newer = self.newest.is_none_or(|newest| {
            let ahead = sent.wrapping_sub(newest) & mask;
            (1..=mask / 2).contains(&ahead)
        });
        if is_newer {
            self.newest = Some(sent);
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_source_keeps_its_values() {
        let mut counter = SwitchedCounter::default();
        counter.on_switch();
        assert_eq!(counter.rewrite(500, 15), 500);
        assert_eq!(counter.rewrite(503, 15), 503);
    }

    #[test]
    fn values_continue_after_a_switch_and_gaps_stay() {
        let mut counter = SwitchedCounter::default();
        counter.rewrite(500, 15);
        counter.on_switch();
        assert_eq!(counter.rewrite(31_000, 15), 501);
        assert_eq!(counter.rewrite(31_000, 15), 501);
        assert_eq!(counter.rewrite(31_003, 15), 504);
        counter.on_switch();
        assert_eq!(counter.rewrite(3, 15), 505);
    }

    #[test]
    fn a_late_value_gets_the_offset_of_its_source_and_is_not_the_newest() {
        let mut counter = SwitchedCounter::default();
        counter.rewrite(7, 16);
        counter.on_switch();
        counter.rewrite(100, 16);
        counter.rewrite(105, 16);
        assert_eq!(counter.rewrite(102, 16), 10);
        counter.on_switch();
        assert_eq!(counter.rewrite(0, 16), 14);
    }

    #[test]
    fn values_wrap_in_their_width() {
        for (bits, last) in [(7, 0x7f), (8, 0xff), (15, 0x7fff), (16, 0xffff)] {
            let mut counter = SwitchedCounter::default();
            assert_eq!(counter.rewrite(last, bits), last);
            assert_eq!(counter.rewrite(0, bits), 0);
            counter.on_switch();
            assert_eq!(counter.rewrite(last, bits), 1);
            assert_eq!(counter.rewrite(0, bits), 2);
            counter.on_switch();
            assert_eq!(counter.rewrite(5, bits), 3, "0 was newer than {last}");
        }
    }

    #[test]
    fn a_wider_value_continues_a_narrower_one() {
        let mut counter = SwitchedCounter::default();
        counter.rewrite(0x7f, 7);
        counter.on_switch();
        assert_eq!(counter.rewrite(9, 15), 0x80);
        counter.on_switch();
        assert_eq!(counter.rewrite(70, 7), 1);
    }
}

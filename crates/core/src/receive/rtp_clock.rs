//! Conversion between microseconds and ticks of an RTP clock.

/// Ticks of a clock of `clock_rate` Hz in `micros` microseconds, modulo 2^64.
pub(crate) const fn micros_to_ticks(micros: u64, clock_rate: u32) -> u64 {
    let rate = clock_rate as u64;
    (micros / 1_000_000)
        .wrapping_mul(rate)
        .wrapping_add((micros % 1_000_000) * rate / 1_000_000)
}

/// Microseconds in `ticks` of a clock of `clock_rate` Hz; zero for a rate of zero.
pub(crate) fn ticks_to_micros(ticks: u32, clock_rate: u32) -> u64 {
    (u64::from(ticks) * 1_000_000)
        .checked_div(u64::from(clock_rate))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_microseconds() {
        assert_eq!(ticks_to_micros(90, 90_000), 1_000);
        assert_eq!(ticks_to_micros(u32::MAX, 0), 0);
        assert_eq!(ticks_to_micros(u32::MAX, 1), 4_294_967_295_000_000);
    }
}

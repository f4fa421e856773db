use super::Allocation::{PausedByBandwidth, Step as Gets, Unavailable};
use super::*;
use crate::time::SECOND;

/// Three encodings.
const THREE: &[Step] = &[step(150, 0), step(500, 1), step(2_500, 2)];
/// Two encodings with two temporal layers each.
const TWO: &[Step] = &[step(84, 0), step(140, 0), step(234, 1), step(390, 1)];

const fn step(kbps: u64, encoding: u8) -> Step {
    Step {
        bitrate: kbps * 1_000,
        encoding,
    }
}

/// A stream: priority, pixels, steps.
type Stream<'a> = (u8, u32, &'a [Step]);

struct Rig<'a> {
    allocator: Allocator,
    streams: Vec<(Stream<'a>, Allocation)>,
}

impl<'a> Rig<'a> {
    fn new(streams: &[Stream<'a>]) -> Self {
        let streams = streams.iter().map(|stream| (*stream, Unavailable));
        Self {
            allocator: Allocator::default(),
            streams: streams.collect(),
        }
    }

    fn allocate(&mut self, second: u64, kbps: u64) -> Vec<Allocation> {
        let streams = self.streams.iter();
        let mut candidates: Vec<_> = streams
            .map(|((priority, pixels, steps), allocation)| Candidate {
                priority: *priority,
                pixels: *pixels,
                steps: *steps,
                allocation: *allocation,
            })
            .collect();
        let now = Micros(second * SECOND);
        self.allocator.allocate(now, kbps * 1_000, &mut candidates);
        let mut allocations = Vec::new();
        for ((_, allocation), candidate) in self.streams.iter_mut().zip(candidates) {
            *allocation = candidate.allocation;
            allocations.push(candidate.allocation);
        }
        allocations
    }

    /// The seconds of these at which a stream gets more than before.
    fn rises(
        &mut self,
        seconds: std::ops::Range<u64>,
        kbps: impl Fn(u64, &[Allocation]) -> u64,
    ) -> Vec<u64> {
        let mut before: Vec<_> = self.streams.iter().map(|stream| stream.1).collect();
        let mut rises = Vec::new();
        for second in seconds {
            let now = self.allocate(second, kbps(second, &before));
            let mut pairs = now.iter().zip(&before);
            if pairs.any(|(now, before)| now.count() > before.count()) {
                rises.push(second);
            }
            before = now;
        }
        rises
    }
}

#[test]
fn all_get_their_lowest_layer_before_one_gets_a_higher_one() {
    let mut rig = Rig::new(&[(1, 100, THREE), (1, 400, THREE), (9, 100, THREE)]);
    assert_eq!(rig.allocate(0, 480), [Gets(0), Gets(0), Gets(0)]);
    assert_eq!(
        rig.allocate(10, 900),
        [Gets(0), Gets(0), Gets(1)],
        "priority"
    );
    assert_eq!(rig.allocate(20, 1_250), [Gets(0), Gets(1), Gets(1)], "size");
    assert_eq!(rig.allocate(30, 3_500), [Gets(1), Gets(1), Gets(1)]);
    assert_eq!(rig.allocate(40, 4_000), [Gets(1), Gets(1), Gets(2)]);
}

#[test]
fn what_does_not_fit_is_paused_and_nothing_is_unavailable() {
    let mut rig = Rig::new(&[(1, 100, THREE), (1, 400, THREE), (9, 100, &[])]);
    assert_eq!(
        rig.allocate(0, 200),
        [PausedByBandwidth, Gets(0), Unavailable]
    );
    assert_eq!(
        rig.allocate(0, 90),
        [PausedByBandwidth, PausedByBandwidth, Unavailable]
    );
}

#[test]
fn a_short_fall_does_not_pause_the_last_picture() {
    let mut rig = Rig::new(&[(1, 100, THREE), (2, 100, THREE)]);
    assert_eq!(rig.allocate(0, 700), [Gets(0), Gets(1)]);
    let last = [PausedByBandwidth, Gets(0)];
    assert_eq!(rig.allocate(10, 110), last);
    assert_eq!(rig.allocate(12, 120), last);
    assert_eq!(rig.allocate(12, 140), last, "the fall ends");
    assert_eq!(rig.allocate(13, 110), last);
    assert_eq!(rig.allocate(15, 110), last);
    let none = [PausedByBandwidth, PausedByBandwidth];
    assert_eq!(rig.allocate(16, 110), none, "the link does not carry it");
    assert_eq!(rig.allocate(30, 140), none, "a new start needs a margin");
    assert_eq!(rig.allocate(30, 160), last);
    assert_eq!(rig.allocate(31, 90), none, "far too little");
}

#[test]
fn a_swinging_estimate_changes_nothing() {
    let mut rig = Rig::new(&[(1, 100, THREE)]);
    assert_eq!(rig.allocate(0, 2_700), [Gets(2)]);
    for second in 1..100 {
        let kbps = 2_450 + 200 * (second % 2);
        assert_eq!(rig.allocate(second, kbps), [Gets(2)]);
    }
    assert_eq!(rig.allocate(100, 2_100), [Gets(1)]);
}

#[test]
fn a_layer_that_does_not_last_waits_longer_each_time() {
    let mut rig = Rig::new(&[(1, 100, THREE)]);
    // The link carries less than the layer, so the estimate falls whenever it is forwarded.
    let kbps = |_, before: &[Allocation]| if before == [Gets(2)] { 1_500 } else { 2_700 };
    let rises = rig.rises(0..200, kbps);
    assert_eq!(rises, [0, 3, 8, 17, 34, 67, 128, 189]);
}

#[test]
fn equal_streams_do_not_try_in_turn_what_failed_with_one() {
    let mut rig = Rig::new(&[(1, 100, THREE); 3]);
    let kbps = |_, before: &[Allocation]| if before.contains(&Gets(1)) { 600 } else { 900 };
    let rises = rig.rises(0..60, kbps);
    assert_eq!(rises, [0, 3, 8, 17, 34]);
}

#[test]
fn a_layer_that_lasted_is_tried_again_soon() {
    let mut rig = Rig::new(&[(1, 100, THREE)]);
    let kbps = |second, _: &[Allocation]| {
        if (20..22).contains(&second) {
            1_500
        } else {
            2_700
        }
    };
    assert_eq!(rig.rises(0..40, kbps), [0, 22]);
}

#[test]
fn a_failure_is_forgotten_once_the_total_lasts() {
    let mut rig = Rig::new(&[(1, 100, THREE)]);
    let kbps = |second, _: &[Allocation]| {
        if [1, 14].contains(&second) {
            1_500
        } else {
            2_700
        }
    };
    assert_eq!(rig.rises(0..20, kbps), [0, 3, 15]);
}

#[test]
fn a_paused_stream_waits_3_s_at_most() {
    let mut rig = Rig::new(&[(1, 100, &THREE[..1]); 2]);
    let kbps = |_, before: &[Allocation]| if before == [Gets(0); 2] { 200 } else { 400 };
    assert_eq!(rig.rises(0..14, kbps), [0, 3, 7, 11]);
}

#[test]
fn a_new_stream_gets_what_another_only_kept_by_tolerance() {
    let mut rig = Rig::new(&[(1, 100, &[]), (1, 100, &THREE[..2])]);
    assert_eq!(rig.allocate(0, 640), [Unavailable, Gets(1)]);
    rig.streams[0].0 = (1, 100, &THREE[..1]);
    assert_eq!(rig.allocate(10, 640), [Gets(0), Gets(0)]);
}

#[test]
fn a_total_that_the_swing_does_not_keep_is_given_up() {
    let mut rig = Rig::new(&[(1, 100, TWO); 3]);
    // 15 % above and below 600 kbit/s, for 5 s each.
    let kbps = |second, _: &[Allocation]| [690, 510][second as usize / 5 % 2];
    let rises = rig.rises(0..200, kbps);
    assert!(rises.iter().all(|second| *second < 60), "{rises:?}");
    assert_eq!(
        rig.allocate(200, 600),
        [Gets(1), Gets(1), Gets(1)],
        "what fits at all times is forwarded"
    );
}

#[test]
fn another_encoding_is_tried_only_with_its_second_temporal_layer_and_kept_with_its_first() {
    let mut rig = Rig::new(&[(1, 100, TWO)]);
    assert_eq!(rig.allocate(0, 200), [Gets(1)]);
    assert_eq!(rig.allocate(10, 400), [Gets(1)], "half the frame rate");
    assert_eq!(rig.allocate(20, 410), [Gets(3)]);
    assert_eq!(rig.allocate(30, 300), [Gets(2)], "no key frame is needed");
    assert_eq!(rig.allocate(40, 220), [Gets(2)]);
    assert_eq!(rig.allocate(50, 200), [Gets(1)]);
    assert_eq!(rig.allocate(60, 300), [Gets(1)]);
}

#[test]
fn of_equal_streams_the_one_that_has_a_step_keeps_it() {
    let mut rig = Rig::new(&[(1, 100, &THREE[..1]), (1, 100, &THREE[..2])]);
    assert_eq!(rig.allocate(0, 750), [Gets(0), Gets(1)]);
    rig.streams[0].0 = (1, 100, &THREE[..2]);
    for second in 1..100 {
        assert_eq!(rig.allocate(second, 750), [Gets(0), Gets(1)]);
    }
}

#[test]
fn a_stream_of_higher_priority_takes_the_step_of_another() {
    let mut rig = Rig::new(&[(1, 100, &THREE[..2]), (1, 100, &THREE[..2])]);
    assert_eq!(rig.allocate(0, 750), [Gets(1), Gets(0)]);
    rig.streams[1].0 = (2, 100, &THREE[..2]);
    assert_eq!(rig.allocate(10, 750), [Gets(0), Gets(1)]);
}

#[test]
fn key_frames_of_several_streams_do_not_fill_the_queue() {
    let mut rig = Rig::new(&[(1, 100, TWO); 3]);
    assert_eq!(rig.allocate(0, 450), [Gets(1), Gets(1), Gets(1)]);
    assert_eq!(rig.allocate(10, 1_300), [Gets(3), Gets(3), Gets(1)]);
    assert_eq!(rig.allocate(11, 1_300), [Gets(3), Gets(3), Gets(3)]);
}

#[test]
fn much_more_bandwidth_is_used_at_once() {
    let mut rig = Rig::new(&[(1, 100, THREE)]);
    for second in 0..7 {
        rig.allocate(second, 2_700 - 1_200 * (second % 2));
    }
    assert_eq!(rig.allocate(7, 1_500), [Gets(1)]);
    assert_eq!(rig.allocate(7, 3_400), [Gets(1)]);
    assert_eq!(rig.allocate(7, 3_500), [Gets(2)]);
}

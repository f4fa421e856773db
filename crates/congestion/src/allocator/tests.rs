use super::Allocation::{PausedByBandwidth, Step, Unavailable};
use super::*;
use crate::time::SECOND;

const STEPS: [u64; 3] = [150_000, 500_000, 2_500_000];

/// A stream: priority, pixels, steps.
type Stream<'a> = (u8, u32, &'a [u64]);

struct Rig<'a> {
    allocator: Allocator,
    streams: Vec<(Stream<'a>, Share)>,
}

impl<'a> Rig<'a> {
    fn new(streams: &[Stream<'a>]) -> Self {
        let streams = streams.iter().map(|stream| (*stream, Share::default()));
        Self {
            allocator: Allocator::default(),
            streams: streams.collect(),
        }
    }

    fn allocate(&mut self, second: u64, kbps: u64) -> Vec<Allocation> {
        let streams = self.streams.iter();
        let mut candidates: Vec<_> = streams
            .map(|((priority, pixels, steps), share)| Candidate {
                priority: *priority,
                pixels: *pixels,
                steps: *steps,
                share: share.clone(),
            })
            .collect();
        let now = Micros(second * SECOND);
        self.allocator.allocate(now, kbps * 1_000, &mut candidates);
        for ((_, share), candidate) in self.streams.iter_mut().zip(candidates) {
            *share = candidate.share;
        }
        let streams = self.streams.iter();
        streams.map(|(_, share)| share.allocation()).collect()
    }
}

#[test]
fn all_get_their_lowest_layer_before_one_gets_a_higher_one() {
    let mut rig = Rig::new(&[(1, 100, &STEPS), (1, 400, &STEPS), (9, 100, &STEPS)]);
    assert_eq!(rig.allocate(0, 480), [Step(0), Step(0), Step(0)]);
    assert_eq!(
        rig.allocate(0, 900),
        [Step(0), Step(0), Step(1)],
        "priority"
    );
    assert_eq!(rig.allocate(0, 1_250), [Step(0), Step(1), Step(1)], "size");
    assert_eq!(rig.allocate(0, 4_000), [Step(1), Step(1), Step(2)]);
}

#[test]
fn what_does_not_fit_is_paused_and_nothing_is_unavailable() {
    let mut rig = Rig::new(&[(1, 100, &STEPS), (1, 400, &STEPS), (9, 100, &[])]);
    assert_eq!(
        rig.allocate(0, 200),
        [PausedByBandwidth, Step(0), Unavailable]
    );
    assert_eq!(
        rig.allocate(0, 100),
        [PausedByBandwidth, PausedByBandwidth, Unavailable]
    );
}

#[test]
fn a_swinging_estimate_changes_nothing() {
    let mut rig = Rig::new(&[(1, 100, &STEPS)]);
    assert_eq!(rig.allocate(0, 2_700), [Step(2)]);
    for second in 1..100 {
        let kbps = 2_450 + 200 * (second % 2);
        assert_eq!(rig.allocate(second, kbps), [Step(2)]);
    }
    assert_eq!(rig.allocate(100, 2_100), [Step(1)]);
}

#[test]
fn a_layer_that_does_not_last_waits_longer_each_time() {
    let mut rig = Rig::new(&[(1, 100, &STEPS)]);
    let mut raised = Vec::new();
    let mut before = Unavailable;
    for second in 0..60 {
        // The link carries less than the layer, so the estimate falls whenever it is forwarded.
        let kbps = if before == Step(2) { 1_500 } else { 2_700 };
        let [now] = rig.allocate(second, kbps)[..] else {
            panic!("one stream")
        };
        if now == Step(2) {
            raised.push(second);
        }
        before = now;
    }
    assert_eq!(raised, [0, 3, 8, 17, 34, 55]);
}

#[test]
fn much_more_bandwidth_is_used_at_once() {
    let mut rig = Rig::new(&[(1, 100, &STEPS)]);
    for second in 0..7 {
        rig.allocate(second, 2_700 - 1_200 * (second % 2));
    }
    assert_eq!(rig.allocate(7, 1_500), [Step(1)]);
    assert_eq!(rig.allocate(7, 3_400), [Step(1)]);
    assert_eq!(rig.allocate(7, 3_500), [Step(2)]);
}

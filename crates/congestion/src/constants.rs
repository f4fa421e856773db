//! All constants of the estimator.
//!
//! Source: libwebrtc, `modules/congestion_controller/goog_cc` and its neighbours. Delay, acknowledged bitrate, probing
//! and application limits: the copy in mediasoup 3 (`worker/deps/libwebrtc`, files at 0d998639, 148a20bf, 0c7eef04).
//! Loss: the defaults of `loss_based_bwe_v2.cc` from M120 on, as in str0m 15e7ccdd (`src/bwe/loss_controller.rs`).
//! A value that differs says so and why. Values of the GCC draft or of pion belong to other filters: never mix them.

/// Grouping of packets by send time (`delay_based_bwe.cc`, `inter_arrival_delta.cc`). Microseconds.
pub(crate) mod inter_arrival {
    use crate::time::{MILLISECOND, SECOND};

    pub(crate) const GROUP_LENGTH: u64 = 5 * MILLISECOND;
    pub(crate) const BURST_DELTA: i64 = 5 * MILLISECOND as i64;
    pub(crate) const MAX_BURST: i64 = 100 * MILLISECOND as i64;
    /// A jump of the arrival clock against ours that resets the groups.
    pub(crate) const CLOCK_JUMP: i64 = 3 * SECOND as i64;
    pub(crate) const REORDERED_GROUPS_BEFORE_RESET: u32 = 3;
    /// Without a packet for this long, the delay detector starts anew.
    pub(crate) const STREAM_TIMEOUT: u64 = 2 * SECOND;
}

/// The overuse detector (`trendline_estimator.cc`). Milliseconds.
pub(crate) mod trendline {
    pub(crate) const WINDOW: usize = 20;
    pub(crate) const SMOOTHING: f64 = 0.9;
    pub(crate) const GAIN: f64 = 4.0;
    pub(crate) const MAX_DELTAS: u32 = 60;
    pub(crate) const INITIAL_THRESHOLD: f64 = 12.5;
    pub(crate) const K_UP: f64 = 0.0087;
    pub(crate) const K_DOWN: f64 = 0.039;
    pub(crate) const MIN_THRESHOLD: f64 = 6.0;
    pub(crate) const MAX_THRESHOLD: f64 = 600.0;
    /// A trend further above the threshold does not move it.
    pub(crate) const MAX_ADAPT_OFFSET: f64 = 15.0;
    pub(crate) const MAX_ADAPT_INTERVAL: f64 = 100.0;
    pub(crate) const OVERUSE_TIME: f64 = 10.0;
}

/// Time in queues; ours.
pub(crate) mod queue_delay {
    use crate::time::{MILLISECOND, SECOND};

    /// The lowest transit of the last one or two of these is that of empty queues.
    pub(crate) const WINDOW: u64 = 120 * SECOND;
    /// Longer queues come from congestion.
    pub(crate) const LONG: u64 = 60 * MILLISECOND;
}

/// Flows that fill queues; ours.
pub(crate) mod competition {
    use crate::time::SECOND;

    /// A long queue of ours is drained in less.
    pub(crate) const ENTER: u64 = 3 * SECOND;
    pub(crate) const LEAVE: u64 = 3 * SECOND;
}

/// The rate control of the delay-based estimate (`aimd_rate_control.cc`).
pub(crate) mod aimd {
    use crate::time::MILLISECOND;

    pub(crate) const BACKOFF: f64 = 0.85;
    /// Ours: with a short queue, less suffices to drain it.
    pub(crate) const SHORT_QUEUE_BACKOFF: f64 = 0.92;
    /// Ours: with a short queue, at least this share of what arrived before still arrives.
    pub(crate) const SHORT_QUEUE_ARRIVALS: f64 = 0.8;
    pub(crate) const DEFAULT_RTT: u64 = 200 * MILLISECOND;
    pub(crate) const MIN_REDUCTION_INTERVAL: u64 = 10 * MILLISECOND;
    pub(crate) const MAX_REDUCTION_INTERVAL: u64 = 200 * MILLISECOND;
    /// Growth per second while the capacity is unknown.
    pub(crate) const GROWTH: f64 = 1.08;
    pub(crate) const MIN_GROWTH: f64 = 1_000.0;
    pub(crate) const MIN_ADDITIVE_GROWTH: f64 = 4_000.0;
    pub(crate) const PACKET_BITS: f64 = 1_200.0 * 8.0;
    pub(crate) const FRAMES_PER_SECOND: f64 = 30.0;
    /// Time that the detector takes to respond.
    pub(crate) const RESPONSE_TIME: u64 = 100 * MILLISECOND;
    /// The estimate stays below this multiple of the acknowledged bitrate, plus [`THROUGHPUT_OFFSET`].
    pub(crate) const THROUGHPUT_FACTOR: f64 = 1.5;
    pub(crate) const THROUGHPUT_OFFSET: f64 = 10_000.0;
}

/// The capacity that overuse revealed (`link_capacity_estimator.cc`).
pub(crate) mod link_capacity {
    pub(crate) const OVERUSE_WEIGHT: f64 = 0.05;
    pub(crate) const INITIAL_DEVIATION: f64 = 0.4;
    pub(crate) const MIN_DEVIATION: f64 = 0.4;
    pub(crate) const MAX_DEVIATION: f64 = 2.5;
    pub(crate) const DEVIATIONS: f64 = 3.0;
}

/// The acknowledged bitrate (`bitrate_estimator.cc`). Milliseconds and kbit/s.
pub(crate) mod acknowledged {
    pub(crate) const INITIAL_WINDOW: i64 = 500;
    pub(crate) const WINDOW: i64 = 150;
    pub(crate) const UNCERTAINTY: f64 = 10.0;
    pub(crate) const INITIAL_VARIANCE: f64 = 50.0;
    pub(crate) const PROCESS_NOISE: f64 = 5.0;
    /// Added when the rate is expected to change fast.
    pub(crate) const FAST_CHANGE_VARIANCE: f64 = 200.0;
}

/// Application-limited phases (`alr_detector.h`).
pub(crate) mod alr {
    use crate::time::MILLISECOND;

    pub(crate) const USAGE: f64 = 0.65;
    pub(crate) const START_LEVEL: f64 = 0.8;
    pub(crate) const STOP_LEVEL: f64 = 0.5;
    pub(crate) const WINDOW: u64 = 500 * MILLISECOND;
}

/// Probing (`probe_controller.cc`, `probe_bitrate_estimator.cc`).
pub(crate) mod probe {
    use crate::time::{MILLISECOND, SECOND};

    pub(crate) const FIRST_SCALE: f64 = 3.0;
    pub(crate) const SECOND_SCALE: f64 = 6.0;
    pub(crate) const FURTHER_SCALE: f64 = 2.0;
    /// A probe is followed by a higher one if the estimate exceeds this share of its rate.
    pub(crate) const FURTHER_THRESHOLD: f64 = 0.7;
    pub(crate) const ALR_SCALE: f64 = 2.0;
    pub(crate) const ALR_INTERVAL: u64 = 5 * SECOND;
    pub(crate) const LOSS_LIMITED_SCALE: f64 = 1.5;
    pub(crate) const MIN_PACKETS: u32 = 5;
    pub(crate) const DURATION: u64 = 15 * MILLISECOND;
    pub(crate) const RESULT_TIMEOUT: u64 = SECOND;
    /// Probes stay below this multiple of the bitrate wanted.
    pub(crate) const WANTED_FACTOR: f64 = 2.0;

    pub(crate) const LARGE_DROP: f64 = 0.66;
    pub(crate) const DROP_TIMEOUT: u64 = 5 * SECOND;
    pub(crate) const SCALE_AFTER_DROP: f64 = 0.85;
    pub(crate) const ALR_ENDED_TIMEOUT: u64 = 3 * SECOND;
    pub(crate) const UNCERTAINTY: f64 = 0.05;

    pub(crate) const MIN_RECEIVED: f64 = 0.8;
    pub(crate) const MAX_RATIO: f64 = 2.0;
    /// A lower share of arrivals means that the probe saturated the link.
    pub(crate) const UNSATURATED_RATIO: f64 = 0.9;
    pub(crate) const UTILIZATION: f64 = 0.95;
    pub(crate) const MAX_INTERVAL: u64 = SECOND;

    /// Ours: padding is at most this share of the bytes of a minute ...
    pub(crate) const PADDING_SHARE: f64 = 0.05;
    /// ... or this many bytes, so that a receiver whose video is paused can recover: 13 probes a minute.
    pub(crate) const PADDING_FLOOR: u64 = 80_000;
    /// Seconds of little media after which those bytes are there again, whatever was sent before: one interval of probes.
    pub(crate) const PADDING_RECOVERY: u64 = 5;
}

/// The loss-based estimate (`loss_based_bwe_v2.cc`). Rates are kbit/s.
pub(crate) mod loss {
    use crate::time::{MILLISECOND, SECOND};

    pub(crate) const WINDOW: usize = 15;
    pub(crate) const MIN_DURATION: u64 = 250 * MILLISECOND;
    pub(crate) const MIN_OBSERVATIONS: usize = 3;
    pub(crate) const TEMPORAL_WEIGHT: f64 = 0.9;
    pub(crate) const CANDIDATE_FACTORS: [f64; 3] = [1.02, 1.0, 0.95];
    pub(crate) const BANDWIDTH_BIAS: f64 = 0.000_2;
    pub(crate) const LOG_BANDWIDTH_BIAS: f64 = 0.02;
    /// Above this loss, lower bandwidths are preferred.
    pub(crate) const BIAS_THRESHOLD: f64 = 0.2;
    pub(crate) const BIAS_SMOOTHING: f64 = 0.002;
    pub(crate) const INITIAL_INHERENT: f64 = 0.01;
    pub(crate) const MIN_INHERENT: f64 = 0.001;
    /// Loss that may be inherent in the link at any rate, while packets wait in queues.
    pub(crate) const EXCUSED: f64 = 0.05;
    /// The same while queues are short. libwebrtc knows only the former, and so 10 % of loss caps the estimate at
    /// 2 Mbit/s, whatever the link carries. Loss without a queue is not that of a full queue.
    pub(crate) const EXCUSED_WITHOUT_QUEUE: f64 = 0.14;
    /// Ours: loss above the inherent one by less than this factor is noise, and does not stop growth.
    pub(crate) const NOISE: f64 = 1.15;
    /// Divided by the rate: more loss that may be inherent at low rates.
    pub(crate) const EXCUSED_BALANCE: f64 = 100.0;
    /// libwebrtc: 1. From a low value, a step doubles the inherent loss at most; until it fits, loss counts as congestion.
    pub(crate) const NEWTON_STEPS: u32 = 8;
    pub(crate) const NEWTON_STEP: f64 = 0.75;
    pub(crate) const INCREASE_WINDOW: u64 = 300 * MILLISECOND;
    pub(crate) const INCREASE_FACTOR: f64 = 1.3;
    pub(crate) const LEAST_GROWTH: f64 = 0.001;
    /// Growth above the acknowledged bitrate while limited by loss ...
    pub(crate) const RAMP_UP: f64 = 1.5;
    /// ... and shortly after a decrease.
    pub(crate) const RAMP_UP_IN_HOLD: f64 = 1.2;
    pub(crate) const HOLD_THRESHOLD: f64 = 1.3;
    pub(crate) const HOLD: u64 = 300 * MILLISECOND;
    pub(crate) const HOLD_FACTOR: u64 = 2;
    /// Ours: a hold ends before, when less than [`INITIAL_INHERENT`] is lost.
    pub(crate) const MAX_HOLD: u64 = 60 * SECOND;
    pub(crate) const MIN_RATE: f64 = 5.0;
}

/// The estimator that ties them (`goog_cc_network_control.cc`, `send_side_bandwidth_estimation.cc`).
pub(crate) mod estimator {
    use crate::time::{MILLISECOND, SECOND};

    /// While nothing is lost, the loss-based estimate follows the other for this long.
    pub(crate) const START_PHASE: u64 = 2 * SECOND;
    pub(crate) const RTT_WEIGHT: f64 = 0.125;
    /// Ours: a forwarder cannot fill the estimate, since layers come in steps. Below this share of it, it counts as limited
    /// for probing, as below 65 % in libwebrtc.
    pub(crate) const LIMITED_USAGE: f64 = 0.85;
    /// Without feedback for this long while packets are sent, the estimate falls, and again each interval.
    pub(crate) const FEEDBACK_TIMEOUT: u64 = 1_500 * MILLISECOND;
    pub(crate) const FEEDBACK_TIMEOUT_INTERVAL: u64 = SECOND;
    pub(crate) const FEEDBACK_TIMEOUT_FACTOR: f64 = 0.8;
    pub(crate) const TICK: u64 = 100 * MILLISECOND;
}

/// Pacing (`pacing_controller.cc`).
pub(crate) mod pacer {
    use crate::time::MILLISECOND;

    pub(crate) const FACTOR: f64 = 2.5;
    /// Released at once.
    pub(crate) const BURST: u64 = 5 * MILLISECOND;
    /// Released at once of a probe.
    pub(crate) const PROBE_BURST: u64 = 2 * MILLISECOND;
    /// The queue is emptied in this time, whatever the estimate. libwebrtc: 2 s; a forwarder can drop a layer instead.
    pub(crate) const MAX_QUEUE: u64 = 250 * MILLISECOND;
    /// A packet of padding: at most as large as media packets.
    pub(crate) const MIN_PADDING: usize = 200;
    pub(crate) const MAX_PADDING: usize = 1_200;
}

/// Retransmissions; ours.
pub(crate) mod repair {
    use crate::time::MILLISECOND;

    /// Percent of the estimate.
    pub(crate) const SHARE: u64 = 25;
    /// Unspent, it accumulates for this long.
    pub(crate) const BURST: u64 = 500 * MILLISECOND;
}

/// Allocation of layers; ours.
pub(crate) mod allocator {
    use crate::time::{MILLISECOND, SECOND};

    /// Percent of a higher layer's total that must be there before it is forwarded.
    pub(crate) const UP: u64 = 105;
    /// The same without waiting: that much more is no swing of the estimate.
    pub(crate) const PLENTY: u64 = 140;
    /// Percent of the total that suffices for the layers in force: the estimate swings by this much around the capacity.
    pub(crate) const KEEP: u64 = 88;
    /// Percent of its bitrate that suffices for the last picture ...
    pub(crate) const LAST: u64 = 66;
    /// ... for this long. On a link that does not carry it, its queue then delays audio no longer.
    pub(crate) const LAST_WAIT: u64 = 3 * SECOND;
    /// Nothing rises for this long after the budget lowered something.
    pub(crate) const MIN_WAIT: u64 = SECOND;
    /// A total that did not last waits twice as long each time, up to this.
    pub(crate) const MAX_WAIT: u64 = 60 * SECOND;
    /// A stream that is paused waits at most this long.
    pub(crate) const RESUME_WAIT: u64 = 3 * SECOND;
    /// A total lasted if it was forwarded this long.
    pub(crate) const LASTING: u64 = 10 * SECOND;
    /// Percent of a total that failed from which on another counts as the same.
    pub(crate) const NEAR: u64 = 90;
    /// Length of the stream that a key frame is as large as: libvpx bounds it to half of a buffer of 600 ms.
    pub(crate) const KEY_FRAME: u64 = 300 * MILLISECOND;
    /// Key frames of several streams may fill the queue of the link for this long.
    pub(crate) const BURST: u64 = 200 * MILLISECOND;
}

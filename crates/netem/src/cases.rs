//! The cases of RFC 8867 and our own.
//!
//! RFC 8867 5.1 to 5.8 with the figures of ns3-rmcat (`rmcat-wired-test-suite.cc`): one-way delay 50 ms, queue 300 ms.
//! 6.1 and 6.3 have no figures there; ours are named below. 6.1 is about streams of one sender, whose estimate the allocator
//! divides: see [`priorities`]. 6.2 (ECN) is left out: the estimator does not use ECN.

use hubbub_congestion::{MILLISECOND, Micros};

use crate::flow::{FlowConfig, FlowKind};
use crate::layered::{THREE, TWO};
use crate::link::{LinkConfig, QueueLimit};
use crate::loss::Loss;
use crate::simulation::{Scenario, milliseconds, seconds};
use crate::tcp::TcpKind;

/// The source of the media flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Follows the estimate: shows the controller alone.
    Fluid,
    /// Three encodings with two temporal layers each.
    Layered,
}

impl SourceKind {
    /// The flow of such a source.
    #[must_use]
    pub const fn flow(self) -> FlowKind {
        match self {
            Self::Fluid => FlowKind::Fluid {
                wanted: 10_000_000,
                pause: None,
            },
            Self::Layered => FlowKind::Layered,
        }
    }
}

/// A link with rates in kbit/s, each from its second on, and a queue in milliseconds of the rate in force.
#[must_use]
pub fn link(rates: &[(u64, u64)], queue: u64) -> LinkConfig {
    let rates = rates.iter();
    LinkConfig {
        rates: rates
            .map(|(second, kbps)| (seconds(*second), kbps * 1_000))
            .collect(),
        queue: QueueLimit::Time(queue * MILLISECOND),
        ..LinkConfig::default()
    }
}

const DELAY: u64 = 50;
const QUEUE: u64 = 300;
/// A case of RFC 8867: its section, what it is about, and the scenario.
#[must_use]
pub fn rfc8867(source: SourceKind) -> Vec<(&'static str, &'static str, Scenario)> {
    let flow = || FlowConfig::new(source.flow(), DELAY);
    let starting = |second| FlowConfig {
        start: seconds(second),
        ..flow()
    };
    let scenario = |links: Vec<LinkConfig>, flows: Vec<FlowConfig>, duration| Scenario {
        links,
        flows,
        duration,
        seed: 8_867,
    };
    let variable = [(0, 1_000), (40, 2_500), (60, 600), (80, 1_000)];
    let shared = [
        (0, 4_000),
        (25, 2_000),
        (50, 3_500),
        (75, 1_000),
        (100, 2_000),
    ];
    vec![
        (
            "5.1",
            "variable capacity, one flow",
            scenario(vec![link(&variable, QUEUE)], vec![flow()], 100),
        ),
        (
            "5.2",
            "variable capacity, two flows",
            scenario(vec![link(&shared, QUEUE)], vec![flow(), flow()], 125),
        ),
        ("5.3", "congested feedback", congested_feedback(flow)),
        (
            "5.4",
            "three flows, starting at 0, 20 and 40 s",
            scenario(
                vec![link(&[(0, 3_600)], QUEUE)],
                vec![flow(), starting(20), starting(40)],
                120,
            ),
        ),
        (
            "5.5",
            "round trips of 20, 50, 100, 200 and 300 ms",
            scenario(
                vec![link(&[(0, 4_000)], QUEUE)],
                [10, 25, 50, 100, 150]
                    .map(|delay| FlowConfig::new(source.flow(), delay))
                    .into(),
                300,
            ),
        ),
        (
            "5.6",
            "a long TCP flow from 60 to 240 s",
            scenario(
                vec![link(&[(0, 2_000)], QUEUE)],
                vec![flow(), tcp(TcpKind::Cubic, 60, 240)],
                300,
            ),
        ),
        (
            "5.7",
            "two flows and ten short TCP flows",
            scenario(vec![link(&[(0, 2_000)], QUEUE)], with_short_tcp(flow), 300),
        ),
        (
            "5.8",
            "three flows, one of which pauses from 40 to 60 s",
            scenario(
                vec![link(&[(0, 3_600)], QUEUE)],
                vec![paused(source), flow(), flow()],
                120,
            ),
        ),
        (
            "6.3",
            "two bottlenecks of 2 Mbit/s, a flow over both and one over each",
            several_bottlenecks(flow),
        ),
    ]
}

fn congested_feedback(flow: impl Fn() -> FlowConfig) -> Scenario {
    let back = FlowConfig {
        forward: vec![1],
        backward: vec![0],
        ..flow()
    };
    let there = FlowConfig {
        backward: vec![1],
        ..flow()
    };
    Scenario {
        links: vec![
            link(&[(0, 2_000), (20, 1_000), (40, 500), (60, 2_000)], QUEUE),
            link(&[(0, 2_000), (35, 800), (70, 2_000)], QUEUE),
        ],
        flows: vec![there, back],
        duration: 100,
        seed: 8_867,
    }
}

fn with_short_tcp(flow: impl Fn() -> FlowConfig) -> Vec<FlowConfig> {
    let mut flows = vec![flow(), flow()];
    flows.extend((0..10).map(|_| FlowConfig::new(FlowKind::ShortTcp(TcpKind::Cubic), DELAY)));
    flows
}

fn several_bottlenecks(flow: impl Fn() -> FlowConfig) -> Scenario {
    let over = |forward: &[usize]| FlowConfig {
        forward: forward.to_vec(),
        ..flow()
    };
    Scenario {
        links: vec![link(&[(0, 2_000)], QUEUE), link(&[(0, 2_000)], QUEUE)],
        flows: vec![over(&[0, 1]), over(&[0]), over(&[1])],
        duration: 120,
        seed: 8_867,
    }
}

/// A flow that is paused from 40 to 60 s.
fn paused(source: SourceKind) -> FlowConfig {
    let pause = Some((seconds(40), seconds(60)));
    let kind = match source {
        SourceKind::Fluid => FlowKind::Fluid {
            wanted: 10_000_000,
            pause,
        },
        SourceKind::Layered => FlowKind::LayeredPaused {
            from: seconds(40),
            until: seconds(60),
        },
    };
    FlowConfig::new(kind, DELAY)
}

/// A TCP flow without end, between two seconds.
#[must_use]
pub fn tcp(kind: TcpKind, start: u64, stop: u64) -> FlowConfig {
    FlowConfig {
        start: seconds(start),
        stop: seconds(stop),
        ..FlowConfig::new(
            FlowKind::Tcp {
                kind,
                segments: None,
            },
            DELAY,
        )
    }
}

/// One flow with a one-way delay of 25 ms over one link.
#[must_use]
pub fn alone(source: SourceKind, link: LinkConfig, duration: u64, seed: u64) -> Scenario {
    Scenario {
        links: vec![link],
        flows: vec![FlowConfig::new(source.flow(), 25)],
        duration,
        seed,
    }
}

/// When the capacity of [`cliff`] falls and returns, seconds.
pub const CLIFF: (u64, u64) = (20, 40);

/// 4 Mbit/s, 1 Mbit/s, and back.
#[must_use]
pub fn cliff(source: SourceKind, seed: u64) -> Scenario {
    let rates = [(0, 4_000), (CLIFF.0, 1_000), (CLIFF.1, 4_000)];
    alone(source, link(&rates, QUEUE), 60, seed)
}

/// A link of constant rate.
#[must_use]
pub fn steady(source: SourceKind, kbps: u64, seed: u64) -> Scenario {
    alone(source, link(&[(0, kbps)], QUEUE), 60, seed)
}

/// Random loss on a link of 5 Mbit/s, twice the rate of the top layer.
#[must_use]
pub fn random_loss(source: SourceKind, percent: u64, seed: u64) -> Scenario {
    let link = LinkConfig {
        loss: Loss::Random(percent as f64 / 100.0),
        ..link(&[(0, 5_000)], QUEUE)
    };
    alone(source, link, 80, seed)
}

/// Two equal flows on a link, the second of which starts 10 s later.
#[must_use]
pub fn two_flows(source: SourceKind, kbps: u64, seed: u64) -> Scenario {
    let flow = FlowConfig::new(source.flow(), 25);
    let second = FlowConfig {
        start: seconds(10),
        ..flow.clone()
    };
    Scenario {
        links: vec![link(&[(0, kbps)], QUEUE)],
        flows: vec![flow, second],
        duration: 120,
        seed,
    }
}

/// A flow beside a TCP flow, which starts 10 s later, with a queue in milliseconds.
#[must_use]
pub fn beside_tcp(source: SourceKind, kind: TcpKind, kbps: u64, queue: u64, seed: u64) -> Scenario {
    let tcp = FlowConfig {
        delay: 25 * MILLISECOND,
        ..tcp(kind, 10, 130)
    };
    Scenario {
        links: vec![link(&[(0, kbps)], queue)],
        flows: vec![FlowConfig::new(source.flow(), 25), tcp],
        duration: 130,
        seed,
    }
}

/// The rates of [`priorities`]: at each, one of two cameras can have a step more than the other.
pub const UNEVEN: [(u64, u64); 4] = [(0, 4_800), (25, 2_600), (50, 1_000), (75, 500)];

/// Two cameras of one sender with these priorities (RFC 8867 6.1).
#[must_use]
pub fn priorities(priorities: &'static [u8], seed: u64) -> Scenario {
    let kind = FlowKind::Cameras {
        priorities,
        ladder: THREE,
    };
    Scenario {
        links: vec![link(&UNEVEN, QUEUE)],
        flows: vec![FlowConfig::new(kind, DELAY)],
        duration: 100,
        seed,
    }
}

/// Seconds of [`cameras`].
pub const CAMERAS: u64 = 180;

/// The priorities of equal cameras.
const EQUAL: [u8; 6] = [1; 6];

/// Up to six equal cameras of two encodings behind a link. Its rate is `swing` percent above and below `kbps` in turn, for 5 s each.
#[must_use]
pub fn cameras(count: usize, kbps: u64, swing: u64, seed: u64) -> Scenario {
    let rates: Vec<_> = (0..CAMERAS / 5)
        .map(|n| {
            let percent = if n.is_multiple_of(2) {
                100 + swing
            } else {
                100 - swing
            };
            (5 * n, kbps * percent / 100)
        })
        .collect();
    let kind = FlowKind::Cameras {
        priorities: EQUAL.get(..count).unwrap_or(&EQUAL),
        ladder: TWO,
    };
    Scenario {
        links: vec![link(&rates, QUEUE)],
        flows: vec![FlowConfig::new(kind, 25)],
        duration: CAMERAS,
        seed,
    }
}

/// A link that carries nothing at all for the first seconds of the video, then 4 Mbit/s: everything is paused, and only
/// probes can show that the capacity is there.
#[must_use]
pub fn all_paused(seed: u64) -> Scenario {
    alone(
        SourceKind::Layered,
        link(&[(0, 60), (20, 4_000)], QUEUE),
        40,
        seed,
    )
}

/// When the capacity of [`all_paused`] is there.
pub const RESUMED: Micros = milliseconds(20_000);

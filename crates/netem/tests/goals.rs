//! The goals of the bandwidth estimate, in simulated time with fixed seeds: equal code gives equal figures.
#![allow(
    clippy::indexing_slicing,
    reason = "each scenario has the flows that its test reads"
)]

use hubbub_netem::cases::{self, SourceKind};
use hubbub_netem::{Scenario, THREE, TcpKind, Trace, measure, run};

const SEEDS: [u64; 3] = [1, 2, 3];
const TOP: Option<usize> = Some(2 * THREE.encodings.len() - 1);

/// Runs a scenario with each seed.
fn each_seed(scenario: impl Fn(u64) -> Scenario, check: impl Fn(&[Trace], u64)) {
    for seed in SEEDS {
        check(&run(&scenario(seed)), seed);
    }
}

#[test]
fn at_a_cliff_layers_fall_at_once_and_return_soon() {
    let scenario = |seed| cases::cliff(SourceKind::Layered, seed);
    each_seed(scenario, |traces, seed| {
        let figures = measure::cliff(&traces[0]);
        let within = |after: Option<f64>, limit| after.is_some_and(|after| after <= limit);
        assert!(within(figures.lower_after, 0.5), "{seed}: {figures:?}");
        assert!(figures.delay < 200.0, "{seed}: {figures:?}");
        assert!(figures.freeze <= 1_000.0, "{seed}: {figures:?}");
        assert!(figures.estimate >= 0.9, "{seed}: {figures:?}");
        assert!(within(figures.best_after, 5.0), "{seed}: {figures:?}");
        assert!(within(figures.top_after, 8.0), "{seed}: {figures:?}");
    });
}

#[test]
fn at_a_cliff_the_controller_alone_drains_the_queue() {
    let scenario = |seed| cases::cliff(SourceKind::Fluid, seed);
    each_seed(scenario, |traces, seed| {
        let figures = measure::cliff(&traces[0]);
        assert!(figures.delay < 200.0, "{seed}: {figures:?}");
        assert!(figures.estimate >= 0.9, "{seed}: {figures:?}");
    });
}

#[test]
fn below_the_rate_wanted_the_estimate_is_within_10_percent_of_the_capacity() {
    for source in [SourceKind::Fluid, SourceKind::Layered] {
        for kbps in [500, 1_000, 2_000] {
            each_seed(
                |seed| cases::steady(source, kbps, seed),
                |traces, seed| {
                    let (mean, _, _) = measure::estimate(&traces[0], 10.0, 60.0);
                    let share = mean / (kbps as f64 * 1e3);
                    assert!(
                        (0.9..=1.1).contains(&share),
                        "{source:?} {kbps} {seed}: {share}"
                    );
                },
            );
        }
    }
}

#[test]
fn above_the_rate_wanted_the_estimate_covers_it() {
    for kbps in [3_000, 4_000] {
        each_seed(
            |seed| cases::steady(SourceKind::Layered, kbps, seed),
            |traces, seed| {
                let (_, lowest, _) = measure::estimate(&traces[0], 10.0, 60.0);
                assert!(
                    lowest >= THREE.encodings[2] as f64,
                    "{kbps} {seed}: {lowest}"
                );
                let mut samples = traces[0].between(10.0, 60.0);
                assert!(samples.all(|sample| sample.step == TOP), "{kbps} {seed}");
            },
        );
    }
}

#[test]
fn random_loss_of_10_percent_leaves_90_percent_of_the_payload() {
    for seed in SEEDS {
        let goodput = |percent| {
            let traces = run(&cases::random_loss(SourceKind::Layered, percent, seed));
            measure::goodput(&traces[0], 20.0, 80.0)
        };
        let share = goodput(10) / goodput(0);
        assert!(share >= 0.9, "{seed}: {share}");
    }
}

#[test]
fn probes_recover_from_a_link_that_carried_nothing() {
    each_seed(cases::all_paused, |traces, seed| {
        let from = cases::RESUMED.0 as f64 / 1e6;
        let top = traces[0].first(from, |sample| sample.step == TOP);
        assert!(top.is_some_and(|after| after <= 15.0), "{seed}: {top:?}");
    });
}

#[test]
fn flows_of_different_round_trips_all_keep_a_picture() {
    let cases = cases::rfc8867(SourceKind::Layered).into_iter();
    for (_, _, scenario) in cases.filter(|case| case.0 == "5.5") {
        for (flow, trace) in (1..).zip(run(&scenario)) {
            let gaps = trace.between(5.0, 300.0).map(|sample| sample.gap);
            let freeze = gaps.max().unwrap_or_default() / 1_000;
            assert!(freeze <= 1_000, "flow {flow}: {freeze} ms");
        }
    }
}

#[test]
fn cameras_behind_a_swinging_link_keep_their_layers() {
    each_seed(
        |seed| cases::cameras(3, 600, 15, seed),
        |traces, seed| {
            let figures = measure::cameras(&traces[0], 20.0, cases::CAMERAS as f64);
            assert!(figures.switches <= 3.0, "{seed}: {figures:?}");
            assert!(figures.loss <= 0.01, "{seed}: {figures:?}");
            assert!(figures.delay <= 100.0, "{seed}: {figures:?}");
            assert!(figures.freeze <= 1_000.0, "{seed}: {figures:?}");
            assert!(figures.goodput >= 400_000.0, "{seed}: {figures:?}");
        },
    );
}

#[test]
fn nothing_is_probed_once_all_that_is_wanted_is_forwarded() {
    each_seed(
        |seed| cases::steady(SourceKind::Layered, 10_000, seed),
        |traces, _| {
            let padding = traces[0].between(10.0, 60.0).map(|sample| sample.padding);
            assert_eq!(padding.sum::<u64>(), 0);
        },
    );
}

#[test]
fn padding_is_at_most_5_percent_of_a_minute() {
    for kbps in [500, 1_000, 2_000, 4_000] {
        each_seed(
            |seed| cases::steady(SourceKind::Layered, kbps, seed),
            |traces, seed| {
                let share = measure::padding_share(&traces[0], 60.0);
                assert!(share <= 0.05, "{kbps} {seed}: {share}");
            },
        );
    }
}

#[test]
fn two_flows_share_a_link_within_20_percent() {
    for kbps in [2_000, 4_000] {
        each_seed(
            |seed| cases::two_flows(SourceKind::Fluid, kbps, seed),
            |traces, seed| {
                let [a, b] = [0, 1].map(|n: usize| measure::goodput(&traces[n], 60.0, 120.0));
                assert!(a.min(b) >= 0.8 * a.max(b), "{kbps} {seed}: {a} {b}");
            },
        );
    }
}

#[test]
fn beside_a_long_tcp_flow_a_quarter_of_the_link_is_left() {
    for kind in [TcpKind::Reno, TcpKind::Cubic] {
        for kbps in [2_000, 4_000] {
            each_seed(
                |seed| cases::beside_tcp(SourceKind::Fluid, kind, kbps, 300, seed),
                |traces, seed| {
                    let share = measure::goodput(&traces[0], 30.0, 130.0) / (kbps as f64 * 1e3);
                    assert!(
                        (0.25..0.9).contains(&share),
                        "{kind:?} {kbps} {seed}: {share}"
                    );
                },
            );
        }
    }
}

#[test]
fn equal_seeds_give_equal_traces() {
    let [first, second] = [7, 7].map(|seed| run(&cases::random_loss(SourceKind::Layered, 5, seed)));
    assert_eq!(first[0].samples, second[0].samples);
}

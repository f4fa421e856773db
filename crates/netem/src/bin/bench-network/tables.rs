//! The tables of `docs/quality.md`.

use std::fmt::Write;

use hubbub_netem::cases::{self, SourceKind};
use hubbub_netem::{TcpKind, Trace, measure, run};

use crate::SOURCES;

/// The seed of every table.
pub(crate) const SEED: u64 = 1;

pub(crate) const HEADING: &str = "# Quality on bad networks

Written by `make bench-network`: the bandwidth estimator, pacer and allocator of [`crates/congestion`](../crates/congestion) in simulated
time, against model receivers that return transport-wide feedback as Chromium does (every 100 ms, for a receiver that sends nothing).
The emulator is [`crates/netem`](../crates/netem). Every figure is reproducible: same code, same seed, same figure.

The *fluid* source sends what the estimate allows and shows the controller alone. *Layers* are three encodings of 0.15, 0.5 and 2.5 Mbit/s
at 30 frames per second with two temporal layers each, of which the allocator chooses; a key frame of another encoding arrives 100 ms
after it was asked for. Lost packets are repeated. One-way delay 25 ms and a drop-tail queue of 300 ms, if not said otherwise.
Rates are those of UDP payload, in Mbit/s.

";

pub(crate) const RFC_HEADING: &str = "## RFC 8867

One-way delay 50 ms, queue 300 ms. Figures of rates and times: ns3-rmcat. The RFC has none for 6.3; both bottlenecks have 2 Mbit/s here.
6.2 (ECN) is left out: the estimator does not use ECN. Rates are means over the time that a flow has run, without its first 10 s.

";

fn mbps(rate: f64) -> String {
    format!("{:.2}", rate / 1e6)
}

fn optional(seconds: Option<f64>) -> String {
    seconds.map_or("-".into(), |seconds| format!("{seconds:.1} s"))
}

pub(crate) fn cliff() -> String {
    let mut out = String::from(
        "## A cliff: 4 Mbit/s, 1 Mbit/s from 20 to 40 s, 4 Mbit/s\n\n\
         | figure | goal | fluid | layers |\n|---|---|---|---|\n",
    );
    let [fluid, layers] =
        SOURCES.map(|(source, _)| measure::cliff(&run(&cases::cliff(source, SEED))[0]));
    let mut row = |name: &str, goal: &str, figure: &dyn Fn(&measure::CliffFigures) -> String| {
        let _ = writeln!(
            out,
            "| {name} | {goal} | {} | {} |",
            figure(&fluid),
            figure(&layers)
        );
    };
    row("a lower layer is forwarded after", "0.5 s", &|f| {
        optional(f.lower_after)
    });
    row(
        "time in queues from 1 s after the fall on, 95th percentile",
        "200 ms",
        &|f| format!("{:.0} ms", f.delay),
    );
    row("the queue is drained (below 50 ms) after", "", &|f| {
        optional(f.drained_after)
    });
    row(
        "longest time without a new frame",
        "1,000 ms",
        &|f| match f.lower_after {
            Some(_) => format!("{:.0} ms", f.freeze),
            None => "-".into(),
        },
    );
    row("estimate over capacity 5 s after the fall", "90 %", &|f| {
        format!("{:.0} %", 100.0 * f.estimate)
    });
    row(
        "best layers that fit into 90 % are forwarded after",
        "5 s",
        &|f| optional(f.best_after),
    );
    row("top layer again after the capacity's return", "8 s", &|f| {
        optional(f.top_after)
    });
    row("estimate at 90 % of the capacity again after", "", &|f| {
        optional(f.estimate_after)
    });
    out + "\n"
}

pub(crate) fn steady() -> String {
    let mut out = String::from(
        "## A link of constant rate\n\nThe estimate from 10 to 60 s: mean, and the lowest and highest mean of a second. Goal: within 10 % of the \
         capacity below the rate wanted (10 Mbit/s by the fluid source, 2.5 by the layers); above it, at least what is wanted.\n\n\
         | capacity | source | estimate | lowest | highest | ms in queues, 95th percentile | padding in a minute |\n|---|---|---|---|---|---|---|\n",
    );
    for kbps in [300, 500, 1_000, 2_000, 3_000, 4_000] {
        for (source, label) in SOURCES {
            let trace = &run(&cases::steady(source, kbps, SEED))[0];
            let (mean, lowest, highest) = measure::estimate(trace, 10.0, 60.0);
            let _ = writeln!(
                out,
                "| {} | {label} | {} | {} | {} | {:.0} | {:.1} % |",
                mbps(kbps as f64 * 1e3),
                mbps(mean),
                mbps(lowest),
                mbps(highest),
                trace.delay(10.0, 60.0, 0.95),
                100.0 * measure::padding_share(trace, 60.0),
            );
        }
    }
    out + "\n"
}

pub(crate) fn random_loss() -> String {
    let mut out = String::from(
        "## Random loss, 5 Mbit/s\n\nNew payload that arrives from 20 to 80 s. Goal: at 10 %, layers keep 90 % of what arrives without \
         loss.\n\n| loss | fluid | of lossless | layers | of lossless |\n|---|---|---|---|---|\n",
    );
    let goodput = |source, percent| {
        measure::goodput(
            &run(&cases::random_loss(source, percent, SEED))[0],
            20.0,
            80.0,
        )
    };
    let lossless = SOURCES.map(|(source, _)| goodput(source, 0));
    for percent in [0, 2, 5, 10, 15] {
        let _ = write!(out, "| {percent} % |");
        for ((source, _), lossless) in SOURCES.iter().zip(lossless) {
            let rate = goodput(*source, percent);
            let _ = write!(out, " {} | {:.0} % |", mbps(rate), 100.0 * rate / lossless);
        }
        out.push('\n');
    }
    out + "\n"
}

pub(crate) fn all_paused() -> String {
    let trace = &run(&cases::all_paused(SEED))[0];
    let back = cases::RESUMED.0 as f64 / 1e6;
    let paused = trace
        .between(10.0, back)
        .all(|sample| sample.step.is_none());
    format!(
        "## Everything paused\n\nA link of 60 kbit/s carries no layer: all video is {}. From 20 s on it carries 4 Mbit/s, which only probes \
         can show. A layer is forwarded again after {}, the top layer after {}.\n\n",
        if paused {
            "paused"
        } else {
            "not paused all the time"
        },
        optional(trace.first(back, |sample| sample.step.is_some())),
        optional(trace.first(back, |sample| sample.step == Some(5))),
    )
}

pub(crate) fn cameras() -> String {
    let mut out = String::from(
        "## Several cameras behind one link\n\nEqual cameras of two encodings, 0.14 and 0.39 Mbit/s, with two temporal layers each and key frames as large as libvpx's, \
         from 20 to 180 s. A swing: the rate is that much above and below the capacity in turn, for 5 s each. A switch starts another encoding of \
         a camera, which takes a key frame. Means of four seeds; of the times without a new frame, the longest.\n\n\
         | cameras | capacity | swing | payload | switches per minute | loss | ms in queues, 95th percentile | longest time without a new frame |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for (count, kbps) in [(2, 450), (2, 600), (3, 600), (3, 700), (3, 900), (6, 1_500)] {
        for swing in [0, 15] {
            let figures = [1, 2, 3, 4].map(|seed| {
                let traces = run(&cases::cameras(count, kbps, swing, seed));
                measure::cameras(&traces[0], 20.0, cases::CAMERAS as f64)
            });
            let mean = |figure: fn(&measure::CameraFigures) -> f64| {
                figures.iter().map(figure).sum::<f64>() / figures.len() as f64
            };
            let freezes = figures.iter().map(|figure| figure.freeze);
            let _ = writeln!(
                out,
                "| {count} | {} | {swing} % | {} | {:.1} | {:.1} % | {:.0} | {:.0} ms |",
                mbps(kbps as f64 * 1e3),
                mbps(mean(|figure| figure.goodput)),
                mean(|figure| figure.switches),
                100.0 * mean(|figure| figure.loss),
                mean(|figure| figure.delay),
                freezes.fold(0.0, f64::max),
            );
        }
    }
    out + "\n"
}

pub(crate) fn sharing() -> String {
    let mut out = String::from(
        "## Sharing a link\n\nGoals: two equal flows differ by at most 20 %; beside a long TCP flow with a queue of 300 ms, at least a quarter of the link. \
         Tests assert both for the fluid source; layers come in steps, and may miss them. Shares of the payload from 60 s (two flows) or 30 s on (TCP).\n\n\
         | beside | capacity | queue | fluid | layers |\n|---|---|---|---|---|\n",
    );
    for kbps in [2_000, 4_000] {
        let shares = SOURCES.map(|(source, _)| {
            let traces = run(&cases::two_flows(source, kbps, SEED));
            let rates = [0, 1].map(|n: usize| measure::goodput(&traces[n], 60.0, 120.0));
            format!("{} and {}", mbps(rates[0]), mbps(rates[1]))
        });
        let [fluid, layers] = shares;
        let capacity = mbps(kbps as f64 * 1e3);
        let _ = writeln!(
            out,
            "| its like | {capacity} | 300 ms | {fluid} | {layers} |"
        );
    }
    for (kind, name) in [(TcpKind::Reno, "Reno"), (TcpKind::Cubic, "CUBIC")] {
        for kbps in [2_000, 4_000] {
            for queue in [100, 300, 1_000] {
                let [fluid, layers] = SOURCES.map(|(source, _)| {
                    let traces = run(&cases::beside_tcp(source, kind, kbps, queue, SEED));
                    let rate = measure::goodput(&traces[0], 30.0, 130.0);
                    format!("{} ({:.0} %)", mbps(rate), rate / (kbps as f64 * 10.0))
                });
                let capacity = mbps(kbps as f64 * 1e3);
                let _ = writeln!(
                    out,
                    "| {name} | {capacity} | {queue} ms | {fluid} | {layers} |"
                );
            }
        }
    }
    out + "\n"
}

pub(crate) fn rfc8867(name: &str, about: &str) -> String {
    let mut out = format!(
        "### {name}: {about}\n\n| source | flow | payload | ms in queues, median | 95th percentile | longest time without a new frame |\n|---|---|---|---|---|---|\n",
    );
    for (source, label) in SOURCES {
        let cases = cases::rfc8867(source).into_iter();
        for (_, _, scenario) in cases.filter(|case| case.0 == name) {
            let traces = run(&scenario);
            for (n, (trace, flow)) in traces.iter().zip(&scenario.flows).enumerate() {
                let from = flow.start.0 as f64 / 1e6 + 10.0;
                let until = (flow.stop.0 as f64 / 1e6).min(scenario.duration as f64);
                let gap = match source {
                    SourceKind::Layered if flow.kind == SourceKind::Layered.flow() => {
                        longest_gap(trace, from)
                    }
                    _ => "-".into(),
                };
                let _ = writeln!(
                    out,
                    "| {label} | {} | {} | {:.0} | {:.0} | {gap} |",
                    n + 1,
                    mbps(measure::goodput(trace, from, until)),
                    trace.delay(from, until, 0.5),
                    trace.delay(from, until, 0.95),
                );
            }
        }
    }
    out + "\n"
}

/// Of two cameras.
const PRIORITIES: [&[u8]; 3] = [&[1, 1], &[2, 1], &[1, 2]];

pub(crate) fn priorities() -> String {
    let mut out = String::from(
        "### 6.1: priorities\n\nTwo cameras of one sender, whose estimate the allocator divides: the RFC has no figures. In every round of steps, \
         the camera with the higher priority comes first, so that it has the step that only one can have.\n\n\
         | seconds | capacity | priorities | payload of the first | of the second |\n|---|---|---|---|---|\n",
    );
    let traces = PRIORITIES.map(|priorities| run(&cases::priorities(priorities, SEED)));
    for (from, kbps) in cases::UNEVEN {
        for (priorities, traces) in PRIORITIES.iter().zip(&traces) {
            // A higher step takes some seconds.
            let (from, until) = (from as f64 + 10.0, from as f64 + 25.0);
            let all = measure::goodput(&traces[0], from, until);
            let of_first = traces[0].mean(from, until, |sample| sample.first_camera as f64);
            let _ = writeln!(
                out,
                "| {from} to {until} | {} | {priorities:?} | {} | {} |",
                mbps(kbps as f64 * 1e3),
                mbps(of_first),
                mbps(all - of_first),
            );
        }
    }
    out + "\n"
}

fn longest_gap(trace: &Trace, from: f64) -> String {
    let gaps = trace
        .between(from, f64::from(u32::MAX))
        .map(|sample| sample.gap);
    format!("{} ms", gaps.max().unwrap_or_default() / 1_000)
}

//! Draws the traces of a scenario as SVG.

use std::fmt::Write;

use hubbub_congestion::MILLISECOND;
use hubbub_netem::{Sample, Trace};

const WIDTH: f64 = 840.0;
const LEFT: f64 = 60.0;
const RATES: f64 = 220.0;
const DELAYS: f64 = 90.0;
const GAP: f64 = 34.0;
const TOP: f64 = 24.0;
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00"];

/// A panel with axes: values up to `max`, drawn in a box.
struct Panel {
    top: f64,
    height: f64,
    duration: f64,
    max: f64,
}

impl Panel {
    fn point(&self, seconds: f64, value: f64) -> (f64, f64) {
        let x = LEFT + (WIDTH - LEFT - 10.0) * seconds / self.duration;
        let y = self.top + self.height * (1.0 - (value / self.max).min(1.0));
        (x, y)
    }

    fn axes(&self, out: &mut String, label: &str) {
        for n in 0..=4 {
            let value = self.max * f64::from(n) / 4.0;
            let (left, y) = self.point(0.0, value);
            let (right, _) = self.point(self.duration, value);
            let _ = writeln!(
                out,
                r##"<path d="M{left:.0} {y:.1}H{right:.0}" stroke="#ccc"/><text x="{:.0}" y="{:.1}" text-anchor="end">{value:.1}</text>"##,
                left - 6.0,
                y + 4.0
            );
        }
        let _ = writeln!(
            out,
            r#"<text x="{LEFT}" y="{:.0}">{label}</text>"#,
            self.top - 7.0
        );
        let bottom = self.top + self.height + 14.0;
        for n in 0..=5 {
            let second = self.duration * f64::from(n) / 5.0;
            let (x, _) = self.point(second, 0.0);
            let _ = writeln!(
                out,
                r#"<text x="{x:.0}" y="{bottom:.0}" text-anchor="middle">{second:.0} s</text>"#
            );
        }
    }

    fn line(&self, out: &mut String, points: &[(f64, f64)], style: &str) {
        let points = points.iter().map(|(seconds, value)| {
            let (x, y) = self.point(*seconds, *value);
            format!("{x:.0},{y:.0}")
        });
        let points: Vec<String> = points.collect();
        let _ = writeln!(
            out,
            r#"<polyline points="{}" fill="none" {style}/>"#,
            points.join(" ")
        );
    }
}

/// A chart of rates and of the time in queues, and of the step forwarded if there is one.
pub(crate) fn draw(traces: &[Trace], duration: u64) -> String {
    let duration = duration as f64;
    // About 200 points for each line.
    let window = (duration / 200.0).max(0.2);
    let points = |trace: &Trace, figure: fn(&Sample) -> f64| -> Vec<(f64, f64)> {
        let count = (duration / window) as u32;
        (0..count)
            .map(|n| f64::from(n) * window)
            .map(|from| (from, trace.mean(from, from + window, figure)))
            .collect()
    };
    let capacities = traces.first().map(|trace| points(trace, capacity));
    let highest = |points: &[(f64, f64)]| points.iter().map(|(_, y)| *y).fold(0.1, f64::max);
    let max_rate = capacities.as_deref().map_or(1.0, highest) * 1.25;
    let has_steps = traces
        .iter()
        .any(|trace| trace.samples.iter().any(|s| s.step.is_some()));
    let mut out = String::new();
    let rates = Panel {
        top: TOP,
        height: RATES,
        duration,
        max: max_rate,
    };
    rates.axes(
        &mut out,
        "Mbit/s: capacity (grey), estimate (dashed), new payload that arrived",
    );
    if let Some(capacities) = capacities {
        rates.line(&mut out, &capacities, r##"stroke="#777" stroke-width="2""##);
    }
    for (trace, colour) in traces.iter().zip(COLOURS.iter().cycle()).take(5) {
        let dashed = format!(r#"stroke="{colour}" stroke-dasharray="4 3""#);
        rates.line(&mut out, &points(trace, estimate), &dashed);
        rates.line(
            &mut out,
            &points(trace, goodput),
            &format!(r#"stroke="{colour}" stroke-width="1.5""#),
        );
    }
    let delays = Panel {
        top: rates.top + RATES + GAP,
        height: DELAYS,
        duration,
        max: 400.0,
    };
    delays.axes(&mut out, "ms in queues");
    for (trace, colour) in traces.iter().zip(COLOURS.iter().cycle()).take(5) {
        delays.line(
            &mut out,
            &points(trace, delay),
            &format!(r#"stroke="{colour}""#),
        );
    }
    let mut height = delays.top + DELAYS + GAP;
    if has_steps {
        let steps = Panel {
            top: height,
            height: DELAYS,
            duration,
            max: 6.0,
        };
        steps.axes(&mut out, "layers forwarded: 0 none, 2 lowest, 4 middle, 6 highest encoding; odd: half the frames");
        for (trace, colour) in traces.iter().zip(COLOURS.iter().cycle()).take(5) {
            steps.line(
                &mut out,
                &points(trace, step),
                &format!(r#"stroke="{colour}""#),
            );
        }
        height += DELAYS + GAP;
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>
{out}</svg>
"##
    )
}

fn capacity(sample: &Sample) -> f64 {
    sample.capacity as f64 / 1e6
}

fn estimate(sample: &Sample) -> f64 {
    sample.estimate as f64 / 1e6
}

fn goodput(sample: &Sample) -> f64 {
    sample.goodput as f64 / 1e6
}

fn delay(sample: &Sample) -> f64 {
    sample.delay as f64 / MILLISECOND as f64
}

fn step(sample: &Sample) -> f64 {
    sample.step.map_or(0.0, |step| step as f64 + 1.0)
}

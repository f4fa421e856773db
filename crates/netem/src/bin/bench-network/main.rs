//! Runs the cases of RFC 8867 and our own against model receivers in simulated time, and writes `docs/quality.md`.
//!
//!     make bench-network
#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a terminal program; the cases have the flows that their tables show"
)]

mod chart;
mod tables;

use std::fs;
use std::io;
use std::path::Path;

use hubbub_netem::cases::{self, SourceKind};
use hubbub_netem::run;

const PAGE: &str = "docs/quality.md";
const CHARTS: &str = "docs/quality";

const SOURCES: [(SourceKind, &str); 2] = [
    (SourceKind::Fluid, "fluid"),
    (SourceKind::Layered, "layers"),
];

fn main() -> io::Result<()> {
    fs::create_dir_all(CHARTS)?;
    let mut page = String::from(tables::HEADING);
    page.push_str(&tables::cliff());
    save_charts(
        "cliff",
        |source| cases::cliff(source, tables::SEED),
        &mut page,
    )?;
    page.push_str(&tables::steady());
    page.push_str(&tables::random_loss());
    page.push_str(&tables::all_paused());
    page.push_str(&tables::cameras());
    page.push_str(&tables::sharing());
    page.push_str(tables::RFC_HEADING);
    for (name, about, _) in cases::rfc8867(SourceKind::Fluid) {
        if name == "6.3" {
            page.push_str(&tables::priorities());
        }
        page.push_str(&tables::rfc8867(name, about));
        save_charts(
            &format!("rfc8867-{name}"),
            |source| {
                let cases = cases::rfc8867(source).into_iter();
                let mut named = cases.filter(|case| case.0 == name);
                named
                    .next()
                    .map_or_else(|| cases::cliff(source, 1), |case| case.2)
            },
            &mut page,
        )?;
    }
    fs::write(PAGE, &page)?;
    println!("{page}");
    Ok(())
}

/// Draws a scenario with each source and refers to the drawings.
fn save_charts(
    name: &str,
    scenario: impl Fn(SourceKind) -> hubbub_netem::Scenario,
    page: &mut String,
) -> io::Result<()> {
    for (source, label) in SOURCES {
        let scenario = scenario(source);
        let file = format!("{name}-{label}.svg");
        let drawing = chart::draw(&run(&scenario), scenario.duration);
        fs::write(Path::new(CHARTS).join(&file), drawing)?;
        page.push_str(&format!("![{name}, {label}](quality/{file})\n\n"));
    }
    Ok(())
}

//! Measures replay: kept pages normalized again by `tidegate replay`, in a network of its own in which there is nothing.
//!
//! Owns: the three replays (an unchanged plugin, a changed one, the changed one written) and what each must come to. Must not know:
//! how a replay works. Called by `cargo xtask bench replay`; `--pages N` makes it shorter, `--json` prints one object on one line.
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a measurement speaks on stdout")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tidegate_tests::measure::{Machine, Stopwatch};
use tidegate_tests::{Trouble, daemon, kept};

/// Pages, unless it is said otherwise, and how many of them are of one source.
const PAGES: u64 = 10_000;
const OF_ONE: u64 = 100;

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let pages = match args.iter().position(|arg| arg == "--pages").map(|at| args.get(at + 1)) {
        None => PAGES,
        Some(Some(text)) => text.parse().map_err(|_| format!("--pages {text:?} is no number"))?,
        Some(None) => return Err("--pages needs a number".to_owned()),
    };
    let report = measure(pages).map_err(|trouble| trouble.to_string())?;
    if args.iter().any(|arg| arg == "--json") {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
}

fn measure(pages: u64) -> Result<Value, Trouble> {
    let place = tidegate_tests::place::Place::empty()?;
    let sources = (pages / OF_ONE).max(1);
    let rounds = pages.div_ceil(sources);
    let watch = Stopwatch::start();
    kept::fill(place.dir(), sources, rounds)?;
    let filled = watch.elapsed();
    let unchanged = replay(place.dir(), &[])?;
    let expected = json!([sources * rounds, true, 0]);
    must(
        "an unchanged plugin",
        &json!([unchanged["pages"]["replayed"], unchanged["same"], unchanged["gone"]]),
        &expected,
    )?;
    place.put("plugins/rss.wasm", kept::changed_plugin())?;
    let changed = replay(place.dir(), &[])?;
    let items = &unchanged["items"]["same"];
    must("a changed plugin", &changed["items"]["changed"], items)?;
    let written = replay(place.dir(), &["--write"])?;
    must("what is written", &written["items"]["changed"], items)?;
    let after = replay(place.dir(), &[])?;
    must("what was written", &after["same"], &json!(true))?;
    let figures = |report: &Value| {
        json!({
            "seconds": report["seconds"], "items_per_second": report["items_per_second"], "items": report["items"],
            "network": report["network"],
        })
    };
    Ok(json!({
        "bench": "replay",
        "pages": sources * rounds,
        "sources": sources,
        "items_read": unchanged["items_read"],
        "fill_s": (filled.as_secs_f64() * 10.0).round() / 10.0,
        "unchanged": figures(&unchanged),
        "changed": figures(&changed),
        "written": figures(&written),
        "after": figures(&after),
        "machine": Machine::here(),
        "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
    }))
}

/// One replay, without a network where this machine lets us.
fn replay(dir: &Path, more: &[&str]) -> Result<Value, Trouble> {
    let args: Vec<&str> =
        ["-o", "json", "replay", "--profile", kept::NAME, "--show", "0"].iter().chain(more).copied().collect();
    let open: Command = daemon::command(dir, &args)?;
    let closed = kept::closed(&open);
    let network = if closed.is_some() { "closed" } else { "open: this machine lets nobody close it" };
    let cost = tidegate_tests::measure::cost(&mut closed.unwrap_or(open))?;
    let mut report: Value = serde_json::from_str(&cost.stdout)
        .map_err(|error| Trouble::Printed { what: format!("no JSON ({error})"), printed: cost.stdout.clone() })?;
    report["network"] = json!(network);
    Ok(report)
}

fn must(what: &str, came: &Value, expected: &Value) -> Result<(), Trouble> {
    if came == expected {
        return Ok(());
    }
    Err(Trouble::Printed { what: format!("{what}: {expected} was expected"), printed: came.to_string() })
}

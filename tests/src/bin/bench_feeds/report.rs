//! Medians, the table for people, the lines for programs.
//!
//! Owns: what is printed. Called at the end of the bench.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tidegate_tests::Trouble;
use tidegate_tests::measure::{Cost, Machine, cost};

use crate::Pass;
use crate::subject::Said;

/// What was set, and on what.
pub(crate) struct Settings {
    feeds: usize,
    items: u32,
    rounds: u32,
    disk: String,
    versions: Value,
    machine: Machine,
}

/// One measured pass.
struct Figure {
    pass: Pass,
    wall_s: f64,
    cpu_s: f64,
    peak_mib: f64,
}

/// All measured passes of all rounds.
#[derive(Default)]
pub(crate) struct Figures {
    daemon: Vec<Figure>,
    script: Vec<Figure>,
}

impl Settings {
    pub(crate) fn new(
        feeds: usize,
        items: u32,
        rounds: u32,
        disk: &Path,
        tidegate: &Path,
        python: Option<&Path>,
    ) -> Result<Self, Trouble> {
        let version = cost(Command::new(tidegate).arg("--version"))?.stdout.trim().to_owned();
        let says = "import feedparser, platform, sqlite3; \
                    print('Python', platform.python_version(), 'feedparser', feedparser.__version__, 'SQLite', sqlite3.sqlite_version)";
        let python = match python {
            Some(python) => Some(cost(Command::new(python).args(["-c", says]))?.stdout.trim().to_owned()),
            None => None,
        };
        let versions = json!({ "tidegate": version, "script": python });
        Ok(Self { feeds, items, rounds, disk: disk.display().to_string(), versions, machine: Machine::here() })
    }

    fn all_items(&self) -> f64 {
        f64::from(self.items) * self.feeds as f64
    }
}

impl Figures {
    pub(crate) fn daemon(&mut self, pass: Pass, cost: &Cost) {
        let wall_s = cost.wall.as_secs_f64();
        self.daemon.push(figure(pass, wall_s, cost));
    }

    pub(crate) fn script(&mut self, pass: Pass, cost: &Cost, said: &Said) {
        self.script.push(figure(pass, said.wall_s, cost));
    }
}

fn figure(pass: Pass, wall_s: f64, cost: &Cost) -> Figure {
    Figure { pass, wall_s, cpu_s: cost.cpu.as_secs_f64(), peak_mib: cost.peak_bytes as f64 / f64::from(1 << 20) }
}

/// The median of one column of a pass; of an even number, the lower one. `None` where it was not measured.
fn median(figures: &[Figure], pass: Pass, column: fn(&Figure) -> f64) -> Option<f64> {
    let mut values: Vec<f64> = figures.iter().filter(|figure| figure.pass == pass).map(column).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// One line of the report.
fn row(settings: &Settings, figures: &Figures, pass: Pass) -> Option<Value> {
    let wall = median(&figures.daemon, pass, |figure| figure.wall_s)?;
    let script = median(&figures.script, pass, |figure| figure.wall_s);
    Some(json!({
        "bench": "feeds",
        "pass": pass.word(),
        "wall_s": rounded(wall),
        "cpu_s": median(&figures.daemon, pass, |figure| figure.cpu_s).map(rounded),
        "items_per_s": (settings.all_items() / wall).round(),
        "feeds_per_s": (settings.feeds as f64 / wall).round(),
        "peak_mib": median(&figures.daemon, pass, |figure| figure.peak_mib).map(rounded),
        "python_wall_s": script.map(rounded),
        "ratio_to_python": script.map(|script| rounded(script / wall)),
        "machine": settings.machine,
        "versions": settings.versions,
        "settings": {
            "feeds": settings.feeds, "items": settings.items, "rounds": settings.rounds, "disk": settings.disk,
            "runs_per_day": 100_000, "max_items": 20, "every": "1s", "plugin_cache": "warm", "script": "one feed after the other, defaults of sqlite3",
            "bench_profile": if cfg!(debug_assertions) { "dev" } else { "release" },
        },
    }))
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

pub(crate) fn print(settings: &Settings, figures: &Figures, as_json: bool) -> Result<(), Trouble> {
    let rows: Vec<Value> = Pass::ALL.iter().filter_map(|&pass| row(settings, figures, pass)).collect();
    let text = if as_json { rows.iter().map(|row| format!("{row}\n")).collect() } else { table(settings, &rows) };
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Trouble::Io { what: "printing".to_owned(), error })
}

fn table(settings: &Settings, rows: &[Value]) -> String {
    let machine = &settings.machine;
    let mut text = format!(
        "{} feeds x {} items, {} rounds, medians; {} cores of {}, {}, disk {}\n{}\n\n{:<14}{:>9}{:>9}{:>10}{:>10}{:>10}{:>11}{:>8}\n",
        settings.feeds,
        settings.items,
        settings.rounds,
        machine.cores,
        machine.cpu,
        machine.system,
        settings.disk,
        settings.versions,
        "pass",
        "wall s",
        "CPU s",
        "items/s",
        "feeds/s",
        "peak MiB",
        "script s",
        "ratio",
    );
    for row in rows {
        let cell = |name: &str| match &row[name] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        text.push_str(&format!(
            "{:<14}{:>9}{:>9}{:>10}{:>10}{:>10}{:>11}{:>8}\n",
            cell("pass"),
            cell("wall_s"),
            cell("cpu_s"),
            cell("items_per_s").trim_end_matches(".0"),
            cell("feeds_per_s").trim_end_matches(".0"),
            cell("peak_mib"),
            cell("python_wall_s"),
            cell("ratio_to_python"),
        ));
    }
    text + "\nIn the last two passes nothing is new; items/s are those that were looked at, or did not have to be.\n"
}

/// Tells what went wrong.
pub(crate) fn complain(trouble: &Trouble) {
    // Nobody is left to tell when standard error is gone.
    writeln!(std::io::stderr(), "bench_feeds: {trouble}").ok();
}

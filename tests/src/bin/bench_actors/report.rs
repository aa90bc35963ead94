//! The table for people, the lines for programs.
//!
//! Owns: what is printed. Called at the end of the bench.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_tests::Trouble;
use tidegate_tests::measure::{Machine, Usage};

/// What was set, and on what.
pub(crate) struct Settings {
    pub(crate) runs: u32,
    pub(crate) items: u32,
    pub(crate) disk: PathBuf,
    pub(crate) machine: Machine,
}

/// What the daemon used during a phase.
pub(crate) struct Phase {
    name: &'static str,
    took: Duration,
    cpu: Duration,
    /// At its end.
    resident: u64,
    /// Resident at its end above the base, for each run in flight.
    per_run: Option<f64>,
}

impl Phase {
    /// From one moment to another.
    pub(crate) fn new(name: &'static str, took: Duration, before: Usage, after: Usage) -> Self {
        let cpu = after.cpu.saturating_sub(before.cpu);
        Self { name, took, cpu, resident: after.resident_bytes, per_run: None }
    }

    /// With what each of so many runs takes above the base.
    pub(crate) fn above(mut self, base: Usage, runs: u64) -> Self {
        self.per_run = Some(self.resident.saturating_sub(base.resident_bytes) as f64 / runs as f64);
        self
    }

    fn row(&self, settings: &Settings) -> Value {
        let seconds = self.took.as_secs_f64();
        let timed = seconds > 0.0;
        let rate = timed && self.name != "wait";
        json!({
            "bench": "actors",
            "phase": self.name,
            "wall_s": timed.then(|| rounded(seconds)),
            "cpu_s": timed.then(|| rounded(self.cpu.as_secs_f64())),
            "cpu_percent_of_a_core": timed.then(|| rounded(self.cpu.as_secs_f64() / seconds * 100.0)),
            "runs_per_s": rate.then(|| (f64::from(settings.runs) / seconds).round()),
            "resident_mib": rounded(self.resident as f64 / f64::from(1 << 20)),
            "bytes_per_run": self.per_run.map(f64::round),
            "machine": settings.machine,
            "settings": {
                "runs": settings.runs, "items": settings.items, "run_s": 60, "clock": "the emulator's, by hand",
                "watch": "5s", "disk": settings.disk.display().to_string(),
                "bench_profile": if cfg!(debug_assertions) { "dev" } else { "release" },
            },
        })
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

pub(crate) fn print(settings: &Settings, phases: &[Phase], as_json: bool) -> Result<(), Trouble> {
    let rows: Vec<Value> = phases.iter().map(|phase| phase.row(settings)).collect();
    let text = if as_json { rows.iter().map(|row| format!("{row}\n")).collect() } else { table(settings, &rows) };
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Trouble::Io { what: "printing".to_owned(), error })
}

fn table(settings: &Settings, rows: &[Value]) -> String {
    let machine = &settings.machine;
    let mut text = format!(
        "{} actor runs at once, {} items each; {} cores of {}, {}, disk {}\n\n{:<8}{:>10}{:>10}{:>12}{:>10}{:>14}{:>12}\n",
        settings.runs,
        settings.items,
        machine.cores,
        machine.cpu,
        machine.system,
        settings.disk.display(),
        "phase",
        "wall s",
        "CPU s",
        "% of core",
        "runs/s",
        "resident MiB",
        "bytes/run",
    );
    for row in rows {
        let cell = |name: &str| match &row[name] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        text.push_str(&format!(
            "{:<8}{:>10}{:>10}{:>12}{:>10}{:>14}{:>12}\n",
            cell("phase"),
            cell("wall_s"),
            cell("cpu_s"),
            cell("cpu_percent_of_a_core"),
            cell("runs_per_s").trim_end_matches(".0"),
            cell("resident_mib"),
            cell("bytes_per_run").trim_end_matches(".0"),
        ));
    }
    text
}

/// On standard error, for a person.
pub(crate) fn complain(trouble: &Trouble) {
    // Nobody listens any more: there is nothing left to do.
    let _gone = writeln!(std::io::stderr(), "bench_actors: {trouble}");
}

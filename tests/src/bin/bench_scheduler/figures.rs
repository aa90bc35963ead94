//! Medians and percentiles, lines for people, lines for programs.
//!
//! Owns: what is printed. A figure is printed when it is there: the whole takes minutes.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};
use tidegate_tests::Trouble;
use tidegate_tests::measure::Machine;

use crate::Kind;

/// What was found out about one thing.
pub(crate) struct Figure {
    part: &'static str,
    kind: Kind,
    what: String,
    values: Vec<(&'static str, f64)>,
    note: Option<String>,
}

impl Figure {
    pub(crate) fn new(part: &'static str, kind: Kind, what: &str) -> Self {
        Self { part, kind, what: what.to_owned(), values: Vec::new(), note: None }
    }

    pub(crate) fn value(mut self, name: &'static str, value: f64) -> Self {
        self.values.push((name, value));
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// Prints figures.
pub(crate) struct Figures {
    json: bool,
    last: &'static str,
}

impl Figures {
    pub(crate) fn new(json: bool, disk: &Path) -> Self {
        let machine = Machine::here();
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        if json {
            say(&json!({ "bench": "scheduler", "machine": machine, "disk": disk.display().to_string(), "profile": profile }).to_string());
        } else {
            say(&format!(
                "{} cores of {}, {} MiB, {}, disk {}, built for {profile}",
                machine.cores,
                machine.cpu,
                machine.memory_mib,
                machine.system,
                disk.display()
            ));
        }
        Self { json, last: "" }
    }

    pub(crate) fn add(&mut self, figure: Figure) {
        let store = match figure.kind {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgres",
        };
        if self.json {
            let mut row = Map::new();
            row.insert("bench".to_owned(), "scheduler".into());
            row.insert("part".to_owned(), figure.part.into());
            row.insert("store".to_owned(), store.into());
            row.insert("what".to_owned(), figure.what.into());
            let key = |name: &str| name.replace(['/', ' '], "_");
            row.extend(figure.values.iter().map(|(name, value)| (key(name), json!(value))));
            row.extend(figure.note.map(|note| ("note".to_owned(), Value::from(note))));
            say(&Value::Object(row).to_string());
            return;
        }
        if self.last != figure.part {
            say(&format!("\n{}", figure.part));
            self.last = figure.part;
        }
        let values: Vec<String> = figure.values.iter().map(|(name, value)| format!("{value} {name}")).collect();
        let note = figure.note.map(|note| format!("  ({note})")).unwrap_or_default();
        say(&format!("  {store:<9}{:<48}{}{note}", figure.what, values.join(", ")));
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listens any more: there is nothing left to do.
    let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// On standard error, for a person.
pub(crate) fn complain(trouble: &Trouble) {
    let _gone = writeln!(std::io::stderr(), "bench_scheduler: {trouble}");
}

/// The one in the middle.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    part(values, 50)
}

/// The value below which so many percent lie.
pub(crate) fn part(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = values.len().saturating_sub(1) * percent / 100;
    values.get(at).copied().unwrap_or_default()
}

/// With as many places as are worth reading.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

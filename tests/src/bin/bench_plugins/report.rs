//! The table for people, the lines for programs.
//!
//! Owns: what is printed, and the settings that belong to the figures. Called by the bench as figures come.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_core::limits;
use tidegate_tests::Trouble;
use tidegate_tests::measure::Machine;

use crate::swaps::Swapped;
use crate::work::{Costs, Rate, io};

/// Where figures go.
pub(crate) struct Report {
    json: bool,
    threads: u32,
    machine: Machine,
}

impl Report {
    pub(crate) fn new(json: bool, threads: u32) -> Self {
        Self { json, threads, machine: Machine::here() }
    }

    /// Machine and settings.
    pub(crate) fn begin(&self) -> Result<(), Trouble> {
        let machine = &self.machine;
        self.say(
            &json!({ "settings": settings() }),
            &format!(
                "{}, {} cores, {} MiB, {}\npool: {}\n\n{:24} {:>8} {:>11} {:>10} {:>9} {:>9} {:>13} {:>8}",
                machine.cpu,
                machine.cores,
                machine.memory_mib,
                machine.system,
                in_words(&settings()),
                "component",
                "KiB",
                "compile ms",
                "cached ms",
                "p50 us",
                "p99 us",
                "100 items ms",
                "MiB",
            ),
        )
    }

    pub(crate) fn missing(&self, what: &str) -> Result<(), Trouble> {
        self.say(&json!({ "missing": what }), &format!("left out: {what}"))
    }

    pub(crate) fn language(&self, language: &str, costs: &Costs) -> Result<(), Trouble> {
        let Costs { bytes, compile, cached, call_p50, call_p99, normalize, memory } = costs;
        let row = json!({
            "language": language, "bytes": bytes, "compile_ms": millis(*compile), "cached_ms": millis(*cached),
            "call_p50_us": micros(*call_p50), "call_p99_us": micros(*call_p99), "normalize_100_ms": millis(*normalize),
            "memory_mib": memory / limits::MIB,
        });
        self.say(
            &row,
            &format!(
                "{language:24} {:>8} {:>11} {:>10} {:>9} {:>9} {:>13} {:>8}",
                bytes / limits::KIB,
                millis(*compile),
                millis(*cached),
                micros(*call_p50),
                micros(*call_p99),
                millis(*normalize),
                memory / limits::MIB,
            ),
        )
    }

    pub(crate) fn throughput(&self, language: &str, rate: &Rate) -> Result<(), Trouble> {
        let (threads, wall, cpu) = (self.threads, rate.by_wall.round(), rate.by_cpu.round());
        let row = json!({ "throughput": language, "threads": threads, "calls_per_s": wall, "calls_per_s_by_cpu": cpu });
        self.say(
            &row,
            &format!(
                "{language:24} {wall:>8} fresh calls a second on {threads} threads, {cpu} by the CPU time they took"
            ),
        )
    }

    pub(crate) fn swaps(&self, swapped: &Swapped) -> Result<(), Trouble> {
        let Swapped { swaps, took, calls, failed, over_a_swap, resident } = swapped;
        let (first, last) = (resident.0 >> 20, resident.1 >> 20);
        let row = json!({
            "swaps": swaps, "seconds": took.as_secs_f64(), "calls": calls, "failed": failed, "over_a_swap": over_a_swap,
            "resident_mib": { "first_tenth": first, "last": last },
        });
        self.say(&row, &format!(
            "{swaps} swaps in {:.1} s under {calls} calls, {over_a_swap} of them over a swap: {failed} failed; {first} MiB resident after \
             the first tenth, {last} MiB after the last",
            took.as_secs_f64()
        ))
    }

    fn say(&self, row: &Value, text: &str) -> Result<(), Trouble> {
        let line = if self.json {
            let mut row = row.clone();
            row["bench"] = json!("plugins");
            row["machine"] = json!(self.machine);
            row.to_string()
        } else {
            text.to_owned()
        };
        writeln!(std::io::stdout().lock(), "{line}").map_err(io("printing"))
    }
}

/// The pool's settings (`host/src/plugins/engine.rs`, `host/core/src/limits.rs`).
fn settings() -> Value {
    json!({
        "instances": limits::INSTANCES,
        "instances_of_a_plugin": limits::PLUGIN_INSTANCES,
        "memory_mib": limits::MEMORY_BYTES / limits::MIB,
        "kept_memory_kib": limits::KEPT_MEMORY_BYTES / limits::KIB,
        "kept_table_kib": limits::KEPT_TABLE_BYTES / limits::KIB,
        "kept_stack_kib": limits::KEPT_STACK_BYTES / limits::KIB,
        "pagemap_scan": true,
        "table_elements": limits::TABLE_ELEMENTS,
        "core_instances": limits::CORE_INSTANCES,
        "tick_ms": limits::EPOCH_TICK.as_millis(),
    })
}

fn in_words(settings: &Value) -> String {
    let pairs = settings.as_object().into_iter().flatten();
    pairs.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e8).round() / 100.0
}

/// What went wrong, on standard error.
pub(crate) fn complain(why: &str) {
    // Whoever no longer listens does not make it another error.
    let _gone = writeln!(std::io::stderr().lock(), "bench plugins: {why}");
}

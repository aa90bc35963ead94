//! Every metric there is: name, sort, labels, and what it says.
//!
//! Owns: the table, which `docs/metrics.md` repeats (a test holds both together). Names follow
//! <https://prometheus.io/docs/practices/naming/>: base units, `_total` for what only grows.

/// A metric as it is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub sort: &'static str,
    /// Its labels, in order.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, sort: "counter", labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, sort: "gauge", labels, help }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, sort: "histogram", labels, help }
}

pub(super) const RUNS: Metric = counter(
    "tidegate_runs_total",
    &["tenant", "platform", "profile", "trigger", "ending"],
    "Runs that have ended, by how they ended: ok, no-new, failed.",
);
pub(super) const FAILURES: Metric = counter(
    "tidegate_run_failures_total",
    &["platform", "profile", "class"],
    "Runs that failed, by the class of failure.",
);
pub(super) const ITEMS: Metric = counter(
    "tidegate_items_total",
    &["tenant", "platform", "profile", "outcome"],
    "Items of pages, by what became of them: new, updated, metrics-updated, duplicate, over-cap, rejected.",
);
pub(super) const COST: Metric = counter(
    "tidegate_cost_usd_total",
    &["tenant", "profile"],
    "Final costs of runs, in US dollars, counted when they become final.",
);
pub(super) const FETCHES: Metric =
    counter("tidegate_fetches_total", &["platform"], "Fetches made by runs that have ended.");
pub(super) const BYTES: Metric =
    counter("tidegate_fetched_bytes_total", &["platform"], "Bytes fetched by runs that have ended, decoded.");
pub(super) const SKIPS: Metric =
    counter("tidegate_skips_total", &["profile", "reason"], "Decisions not to run a source that was due, by reason.");
pub(super) const RECOVERED: Metric = counter(
    "tidegate_recovered_runs_total",
    &["outcome"],
    "Runs that died with their daemon: requeued, or given-up after too many times.",
);
pub(super) const ACTOR_STARTS: Metric = counter(
    "tidegate_actor_starts_total",
    &["how"],
    "Actor runs that were started, or adopted after their start was lost.",
);
pub(super) const STALE: Metric = counter(
    "tidegate_stale_results_total",
    &[],
    "Results that were refused because their run belonged to somebody else.",
);
pub(super) const PASS_FAILURES: Metric =
    counter("tidegate_pass_failures_total", &["pass"], "Passes of the scheduler that could not do their work.");
pub(super) const GATE_CHANGES: Metric =
    counter("tidegate_gate_changes_total", &["change"], "Gates of credentials and actors that were closed or opened.");
pub(super) const ALERTS: Metric =
    counter("tidegate_alerts_total", &["kind", "change"], "Alerts by kind: opened, reminder, resolved.");
pub(super) const NOTICES: Metric =
    counter("tidegate_alert_notices_total", &["sink", "outcome"], "Notices to webhooks: sent, failed, dropped.");
pub(super) const QUARANTINES: Metric =
    counter("tidegate_plugin_quarantines_total", &["plugin"], "Times this daemon has put a plugin into quarantine.");
pub(super) const RELOADS: Metric = counter(
    "tidegate_reloads_total",
    &["outcome"],
    "Reloads of the configuration: applied, or refused because of a mistake.",
);
pub(super) const PLUGIN_CALLS: Metric =
    counter("tidegate_plugin_calls_total", &["plugin"], "Calls of a plugin's functions, all its versions together.");
pub(super) const PLUGIN_FAULTS: Metric = counter(
    "tidegate_plugin_faults_total",
    &["plugin", "kind"],
    "Calls that ended in a fault: deadline-cpu, deadline-wall, memory, table, stack, trap, bad-output, answer-too-large, instantiation, busy.",
);
pub(super) const PLUGIN_CPU: Metric =
    counter("tidegate_plugin_cpu_seconds_total", &["plugin"], "CPU time of a plugin inside the sandbox.");
pub(super) const PLUGIN_BYTES: Metric = counter(
    "tidegate_plugin_bytes_total",
    &["plugin", "direction"],
    "Pages and settings given to a plugin (in), and texts it gave (out).",
);
pub(super) const PLUGIN_ITEMS: Metric = counter(
    "tidegate_plugin_items_total",
    &["plugin"],
    "Items a plugin gave, before they were checked and deduplicated.",
);
pub(super) const PLUGIN_SWAPS: Metric = counter(
    "tidegate_plugin_swaps_total",
    &["plugin"],
    "Times a version of a plugin has begun to serve while this daemon works.",
);
pub(super) const RUN_SECONDS: Metric =
    histogram("tidegate_run_duration_seconds", &["platform"], "Time of a run from claim to commit.");
pub(super) const SANDBOX_SECONDS: Metric =
    histogram("tidegate_run_sandbox_seconds", &["platform"], "CPU time of a run inside the sandbox.");
pub(super) const UP: Metric = gauge("tidegate_store_up", &[], "1 if the database answered this scrape, else 0.");
pub(super) const READ_SECONDS: Metric =
    gauge("tidegate_store_read_seconds", &[], "Time the database took for the numbers of this scrape.");
pub(super) const DUE: Metric =
    gauge("tidegate_due_sources", &[], "Sources whose time has come and that wait to be run; counted to 100000.");
pub(super) const LAG: Metric =
    gauge("tidegate_queue_lag_seconds", &[], "How long the longest waiting due source is due; 0 if none is.");
pub(super) const LIVE: Metric = gauge(
    "tidegate_runs",
    &["stage"],
    "Runs of this database that have begun and not ended: running, or waiting for an actor.",
);
pub(super) const GATES: Metric =
    gauge("tidegate_gates_closed", &["class"], "Closed gates of credentials and actors, by the class of failure.");
pub(super) const HOSTS: Metric = gauge(
    "tidegate_hosts_closed",
    &["why"],
    "Hosts that nobody asks for now: asked for it (429, 503 with Retry-After), or failing again and again.",
);
pub(super) const ALERTS_OPEN: Metric = gauge("tidegate_alerts_open", &[], "Alerts that are not resolved.");
pub(super) const RUNS_LEFT: Metric = gauge(
    "tidegate_budget_left_runs",
    &["scope", "tenant", "profile"],
    "Runs that may still be promised today, where there is a limit: scope all, tenant or profile.",
);
pub(super) const USD_LEFT: Metric = gauge(
    "tidegate_budget_left_usd",
    &["scope", "tenant", "profile", "period"],
    "US dollars that may still be promised this day or month, where there is a limit.",
);
pub(super) const USD_SPENT: Metric = gauge(
    "tidegate_budget_spent_usd",
    &["scope", "tenant", "profile", "period"],
    "US dollars spent this day or month, reserved ones not included.",
);
pub(super) const PLUGINS: Metric = gauge("tidegate_plugins_loaded", &[], "Plugins that serve.");
pub(super) const QUARANTINED: Metric = gauge(
    "tidegate_plugins_quarantined",
    &["plugin"],
    "Versions of a plugin that are in quarantine: its sources wait.",
);
pub(super) const PLUGINS_REFUSED: Metric = gauge(
    "tidegate_plugins_refused",
    &["reason"],
    "Components in the plugins directory that are refused as they are now, by the refusal in a word.",
);
pub(super) const PROFILES_REFUSED: Metric = gauge(
    "tidegate_profiles_refused",
    &[],
    "Files in the profiles directory that are refused as they are now; the last good version of each holds on.",
);
pub(super) const RELOAD_OK: Metric = gauge(
    "tidegate_reload_ok",
    &[],
    "0 if the last reload was refused, so that older settings hold than those that are written, else 1.",
);
pub(super) const BUILD: Metric =
    gauge("tidegate_build_info", &["version"], "Always 1; its label says which version runs.");
pub(super) const STARTED: Metric =
    gauge("process_start_time_seconds", &[], "When this process started, in seconds since 1970, UTC.");

/// All of them, in the order in which they are documented.
pub(super) const ALL: [Metric; 42] = [
    RUNS,
    FAILURES,
    ITEMS,
    COST,
    FETCHES,
    BYTES,
    SKIPS,
    RECOVERED,
    ACTOR_STARTS,
    STALE,
    PASS_FAILURES,
    GATE_CHANGES,
    ALERTS,
    NOTICES,
    QUARANTINES,
    RELOADS,
    PLUGIN_CALLS,
    PLUGIN_FAULTS,
    PLUGIN_CPU,
    PLUGIN_BYTES,
    PLUGIN_ITEMS,
    PLUGIN_SWAPS,
    RUN_SECONDS,
    SANDBOX_SECONDS,
    UP,
    READ_SECONDS,
    DUE,
    LAG,
    LIVE,
    GATES,
    HOSTS,
    ALERTS_OPEN,
    RUNS_LEFT,
    USD_LEFT,
    USD_SPENT,
    PLUGINS,
    QUARANTINED,
    PLUGINS_REFUSED,
    PROFILES_REFUSED,
    RELOAD_OK,
    BUILD,
    STARTED,
];

/// The table as `docs/metrics.md` shows it.
#[must_use]
pub fn documented() -> String {
    let mut text = String::from("| name | sort | labels | what it says |\n|---|---|---|---|\n");
    for Metric { name, sort, labels, help } in ALL {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        text.push_str(&format!("| `{name}` | {sort} | {} | {help} |\n", labels.join(", ")));
    }
    text
}

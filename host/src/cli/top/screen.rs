//! How the picture looks.
//!
//! Owns: the lines, and fitting them to a terminal. Must not know: where the numbers are from.

use std::time::Duration;

use serde_json::Value;
use tidegate_core::counted::counted;
use tidegate_core::time::UtcMillis;

use super::frame::{Budget, Frame, Shown, SlowHost};
use crate::cli::output::{short, table};
use crate::ports::{HostRow, RunStage};

/// Columns and rows of output that is no terminal: whole lines, all of them.
pub(super) const UNBOUNDED: (usize, usize) = (usize::MAX, usize::MAX);

/// Columns and rows of the terminal; of one that does not say, what terminals had for decades.
pub(super) fn size() -> (usize, usize) {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .filter(|size| size.ws_col > 0 && size.ws_row > 0)
        .map_or((80, 24), |size| (usize::from(size.ws_col), usize::from(size.ws_row)))
}

/// The picture over the one before: each line to its end, then the rest of the screen. Nothing flickers.
pub(super) fn painted(frame: &Frame, (columns, rows): (usize, usize)) -> String {
    let text = drawn(frame, (columns, rows.saturating_sub(1)));
    let lines: Vec<String> = text.lines().map(|line| format!("{line}\x1b[K")).collect();
    format!("\x1b[H{}\x1b[J", lines.join("\r\n"))
}

/// The picture as text.
pub(super) fn drawn(frame: &Frame, (columns, rows): (usize, usize)) -> String {
    let mut parts = vec![head(frame)];
    let mut part = |title: &str, text: String| {
        if !text.is_empty() {
            parts.push(format!("\n{title}\n{text}"));
        }
    };
    part("ALERTS", frame.alerts.iter().map(alert).collect());
    part(
        "CLOSED",
        frame
            .gates
            .iter()
            .map(|gate| format!("  {} until {}: {}: {}\n", gate.key, gate.until, gate.class, short(&gate.why, 100)))
            .chain(frame.closed_hosts.iter().map(closed_host))
            .collect(),
    );
    part("BUDGETS", budgets(&frame.budgets));
    part("RUNNING", runs(&frame.running, frame.at));
    part("LAST FAILURES", runs(&frame.failures, frame.at));
    part("SLOWEST OF THE LAST RUNS", runs(&frame.slowest, frame.at));
    part("SLOWEST HOSTS", slowest_hosts(&frame.slowest_hosts));
    part(
        "SKIPPED TODAY",
        frame
            .skips
            .iter()
            .map(|skip| format!("  {:>6}  {} ({}, {})\n", skip.count, skip.reason, skip.tenant, skip.profile))
            .collect(),
    );
    let text = parts.concat();
    let fit = |line: &str| line.chars().take(columns).collect::<String>();
    text.lines().take(rows).map(|line| fit(line).trim_end().to_owned() + "\n").collect()
}

fn head(frame: &Frame) -> String {
    let pulse = &frame.pulse;
    let due = match pulse.due_since {
        Some(since) => format!("{} due, the longest for {}", pulse.due, span(frame.at.since(since))),
        None => match frame.next_due {
            Some(next) => format!("nothing due, next in {}", span(next.since(frame.at))),
            None => "nothing due".to_owned(),
        },
    };
    format!(
        "tidegate {}  {}\n{due}; {} running, {} waiting for actors; {} open alerts\n",
        env!("CARGO_PKG_VERSION"),
        frame.at,
        pulse.running,
        pulse.waiting,
        pulse.alerts
    )
}

fn closed_host(host: &HostRow) -> String {
    let until = host.closed_until.map(|until| format!(" until {until}")).unwrap_or_default();
    let why = if host.asked { "it asked for that".to_owned() } else { format!("{} failures in a row", host.failures) };
    format!("  host {}{until}: {why}\n", host.host)
}

fn slowest_hosts(hosts: &[SlowHost]) -> String {
    let ms = |ms: u64| span(Duration::from_millis(ms));
    let row = |host: &SlowHost| {
        format!(
            "  {}: {} on average, {} at most, {}\n",
            host.host,
            ms(host.mean_ms),
            ms(host.longest_ms),
            counted(host.runs, "run")
        )
    };
    hosts.iter().map(row).collect()
}

fn alert(alert: &Value) -> String {
    let text = |name: &str| alert.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("  {} {}: {} (since {})\n", text("severity"), text("title"), short(&text("text"), 100), text("since"))
}

fn budgets(budgets: &[Budget]) -> String {
    let row = |budget: &Budget| {
        let amount = |amount: u64| budget.measure.amount(amount);
        let left = |granted: u64| granted.saturating_sub(budget.spent.saturating_add(budget.reserved));
        vec![
            format!("  {} {}", budget.measure.word(), budget.scope),
            amount(budget.spent),
            amount(budget.reserved),
            budget.granted.map_or_else(|| "no limit".to_owned(), |granted| amount(left(granted))),
        ]
    };
    let rows: Vec<Vec<String>> = budgets.iter().map(row).collect();
    if rows.is_empty() { String::new() } else { table(&["  BUDGET", "SPENT", "PROMISED", "LEFT"], &rows) }
}

fn runs(runs: &[Shown], now: UtcMillis) -> String {
    let row = |run: &Shown| {
        let name = run.identifier.clone().unwrap_or_else(|| run.source.to_string());
        let why = run.failure.as_ref().map(|(class, message)| format!("{class}: {}", short(message, 80)));
        let ago = run.started_at.map(|at| format!("{} ago", span(now.since(at)))).unwrap_or_default();
        vec![
            format!("  {}", short(&name, 40)),
            run.profile.to_string(),
            match run.stage {
                RunStage::Queued => "queued",
                RunStage::Running => "running",
                RunStage::Waiting => "waiting",
                RunStage::Ended => "ended",
            }
            .to_owned(),
            ago,
            run.took_ms.map(|took| span(Duration::from_millis(took))).unwrap_or_default(),
            why.unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
    if rows.is_empty() {
        String::new()
    } else {
        table(&["  SOURCE", "PROFILE", "STAGE", "BEGAN", "TOOK", "WHY"], &rows)
    }
}

/// A time in its largest two units: `850 ms`, `12 s`, `3 m 20 s`, `2 h 5 m`, `4 d 1 h`.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.is_zero() => "0 s".to_owned(),
        0 => format!("{} ms", time.as_millis().max(1)),
        1..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} m {} s", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{} h {} m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

//! `source explain`: every rule with its verdict.
//!
//! Owns: how the answers are printed. Must not know: the rules; `engine::explain` asks them.

use serde_json::{Value, json};
use tidegate_core::eligibility::{Skip, Verdict};

use super::error::{CliError, Exit};
use super::home::{Home, find_source};
use super::output::{Output, table};
use super::schedule;
use crate::engine::explain::{Explanation, JudgedWindow, explain};

/// Explains a source.
pub(super) async fn run(home: &Home, name: &str, output: Output) -> Result<Exit, CliError> {
    home.existing_store().await?.close().await;
    let (store, ports, settings) = home.beside().await?;
    let id = find_source(store.as_ref(), name).await?.id;
    let explained = explain(&ports, &settings, id).await?;
    store.close().await;
    let explained = explained.ok_or_else(|| CliError::not_found("the source is gone"))?;
    output.data(&data(&explained), |_| text(&explained))?;
    Ok(Exit::Ok)
}

/// The verdict's fields: `verdict`, and of a "no" its reason, when it changes, and that as a time if it is one.
fn verdict(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Yes => json!({ "verdict": "yes" }),
        Verdict::NotReached => json!({ "verdict": "not-reached" }),
        Verdict::No(skip) => {
            json!({ "verdict": "no", "reason": skip.reason.word(), "until": skip.until, "changes": skip.changes() })
        }
    }
}

fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

pub(super) fn data(explained: &Explanation) -> Value {
    let rules = explained
        .rules
        .iter()
        .map(|judged| with(json!({ "rule": judged.rule, "fact": judged.fact }), verdict(&judged.verdict)));
    let rates = explained.rates.iter().map(|judged| {
        let allowed = judged.rate.rates;
        let numbers = json!({
            "scope": judged.rate.scope.key(),
            "runs_per_minute": allowed.per_minute,
            "runs_per_hour": allowed.per_hour,
            "runs_at_once": allowed.concurrency,
            "under_way": judged.under_way,
        });
        with(numbers, verdict(&judged.verdict))
    });
    let windows = explained.windows.iter().map(|judged| {
        let (window, limit) = (&judged.need.window, judged.need.limit);
        let numbers = json!({
            "window": window,
            "ends": window.end(),
            "granted": (limit != u64::MAX).then_some(limit),
            "reserved": judged.balance.reserved,
            "spent": judged.balance.spent,
            "left": left(judged),
            "need": judged.need.amount,
        });
        with(numbers, verdict(&judged.verdict))
    });
    let (runs, trigger, reason) = match &explained.verdict {
        Ok(trigger) => (true, Some(trigger), None),
        Err(skip) => (false, None, Some(skip)),
    };
    json!({
        "source": explained.source.id,
        "identifier": explained.source.identifier,
        "now": explained.now,
        "runs_now": runs,
        "trigger": trigger,
        "reason": reason.map(|skip| skip.reason.to_string()),
        "changes": reason.map(Skip::changes),
        "queued": explained.queued,
        "rules": rules.collect::<Vec<_>>(),
        "schedule": explained.schedule,
        "rates": rates.collect::<Vec<_>>(),
        "budgets": windows.collect::<Vec<_>>(),
        "last_skip": explained.last_skip.as_ref().map(|(at, why)| json!({ "at": at, "reason": why })),
    })
}

/// What is left of a window that has a limit.
fn left(judged: &JudgedWindow) -> Option<u64> {
    let limit = judged.need.limit;
    let taken = judged.balance.reserved.saturating_add(judged.balance.spent);
    (limit != u64::MAX).then(|| limit.saturating_sub(taken))
}

pub(super) fn text(explained: &Explanation) -> String {
    let mut text = format!("{} {}\n", explained.source.id, explained.source.identifier);
    match &explained.verdict {
        Ok(trigger) => text.push_str(&format!("runs now ({trigger}), as far as the database knows\n")),
        Err(skip) => {
            text.push_str(&format!("does not run now: {}; changes {}\n", skip.reason, skip.changes()));
        }
    }
    if let Some((at, why)) = &explained.last_skip {
        text.push_str(&format!("last skipped at {at}: {why}\n"));
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for judged in &explained.rules {
        rows.push(row(judged.rule.word(), &judged.verdict, judged.fact.clone()));
    }
    for judged in &explained.rates {
        let under_way = judged.under_way.map(|runs| format!(" ({runs} under way)")).unwrap_or_default();
        let fact = match &judged.verdict {
            Verdict::No(skip) => skip.reason.to_string(),
            _ => format!("{}: {}{under_way}", judged.rate.scope, judged.rate.rates),
        };
        rows.push(row("rate", &judged.verdict, fact));
    }
    for judged in &explained.windows {
        let measure = judged.need.window.measure;
        let taken = |amount: u64| measure.amount(amount);
        let granted = left(judged).map_or_else(
            || "no limit".to_owned(),
            |left| format!("{} left of {}", taken(left), taken(judged.need.limit)),
        );
        let (need, balance) = (taken(judged.need.amount), judged.balance);
        let fact = format!(
            "{}: {granted}, needs {need} ({} reserved, {} spent)",
            judged.need.window,
            taken(balance.reserved),
            taken(balance.spent)
        );
        rows.push(row("budget", &judged.verdict, fact));
    }
    text.push('\n');
    text.push_str(&table(&["RULE", "VERDICT", "CHANGES", "BECAUSE"], &rows));
    if let Some(reckoning) = &explained.schedule {
        text.push_str("\nby its schedule\n");
        text.push_str(&schedule::told(reckoning));
    }
    text
}

fn row(rule: &str, verdict: &Verdict, fact: String) -> Vec<String> {
    let (word, changes) = match verdict {
        Verdict::Yes => ("yes", String::new()),
        Verdict::NotReached => ("not reached", String::new()),
        Verdict::No(skip) => ("no", skip.changes()),
    };
    vec![rule.to_owned(), word.to_owned(), changes, fact]
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;

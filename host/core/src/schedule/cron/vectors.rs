//! Every case of the collection of cron vectors beside the checkout, where there is one.
//!
//! Owns: reading `../shared/data/vectors/cron.json`. The collection is larger than the tables in `tests`, and not ours to copy.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde::Deserialize;

use super::{Cron, NotCron};
use crate::time::UtcMillis;

#[derive(Deserialize)]
struct Vectors {
    next: Vec<Next>,
    invalid: Vec<Invalid>,
}

#[derive(Deserialize)]
struct Next {
    id: String,
    expr: String,
    tz: String,
    from_utc: String,
    inclusive: bool,
    next_utc: Vec<String>,
    dom_dow: String,
    firm: bool,
}

#[derive(Deserialize)]
struct Invalid {
    expr: String,
}

fn vectors() -> Option<Vectors> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/vectors/cron.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        skipped(path);
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
fn skipped(path: &str) {
    eprintln!("SKIPPED: there is no {path}");
}

/// The expression with `+` where the case wants both day fields to hold.
fn asked(case: &Next) -> String {
    let mut words: Vec<String> = case.expr.split_whitespace().map(str::to_owned).collect();
    if case.dom_dow == "and" && words.len() >= 5 {
        let weekday = words.pop().unwrap();
        words.push(format!("+{weekday}"));
    }
    words.join(" ")
}

fn times(cron: &Cron, case: &Next) -> Vec<String> {
    let from = UtcMillis::parse(&case.from_utc).unwrap();
    let first = if case.inclusive { cron.at_or_after(from) } else { cron.after(from) };
    std::iter::successors(first, |at| cron.after(*at))
        .take(case.next_utc.len().max(1))
        .map(|at| at.to_string())
        .collect()
}

#[test]
fn firm_times_are_those_of_the_collection() {
    let Some(vectors) = vectors() else { return };
    let mut wrong = Vec::new();
    for case in vectors.next.iter().filter(|case| case.firm) {
        let found = match Cron::parse(&asked(case), &case.tz) {
            Ok(cron) => times(&cron, case),
            // "30 February" is refused when it is written.
            Err(NotCron::Expression { why, .. }) if why.contains("never run") => Vec::new(),
            Err(error) => vec![error.to_string()],
        };
        if found != case.next_utc {
            wrong.push(format!(
                "{} {:?} {} {}: {found:?}, not {:?}",
                case.id, case.expr, case.tz, case.from_utc, case.next_utc
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(vectors.next.len() > 600, "{}", vectors.next.len());
}

#[test]
fn what_is_wrong_is_refused() {
    let Some(vectors) = vectors() else { return };
    let taken: Vec<&str> =
        vectors.invalid.iter().map(|case| case.expr.as_str()).filter(|expr| Cron::parse(expr, "UTC").is_ok()).collect();
    assert_eq!(taken, Vec::<&str>::new());
    assert!(vectors.invalid.len() > 150, "{}", vectors.invalid.len());
}

//! The figures of the design, by the real binary: what grows with the sources that people follow, and what does not grow with people.
//!
//! Owns: the three worlds and their bounds. The worlds are played at once, each in a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::process::Stdio;

use serde_json::Value;
use tidegate_tests::daemon;

/// A day with so many users and sources.
fn day(users: &str, sources: &str) -> std::process::Child {
    let dir = std::env::temp_dir();
    let args = ["-o", "json", "simulate", "--users", users, "--sources", sources, "--hours", "24", "--seed", "1"];
    daemon::command(&dir, &args).unwrap().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn report(day: std::process::Child) -> Value {
    let output = day.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn a_hundred_times_the_users_are_fifteen_times_the_fetches_at_most() {
    let worlds = [("1000", "500"), ("10000", "2000"), ("100000", "10000")];
    let days: Vec<_> = worlds.iter().map(|(users, sources)| day(users, sources)).collect();
    let reports: Vec<Value> = days.into_iter().map(report).collect();
    let fetches: Vec<f64> = reports.iter().map(|report| number(report, "fetches_per_hour")).collect();
    assert!(fetches[0] > 100.0, "something happened: {fetches:?}");
    assert!(fetches[1] <= 3.0 * fetches[0] && fetches[2] <= 15.0 * fetches[0], "{fetches:?}");
    for report in &reports {
        // Popular: those that are fetched every five minutes or sooner.
        for tier in ["3m", "5m"] {
            let fresh = report["freshness_p95_s"][tier].as_f64();
            assert!(fresh.is_none_or(|seconds| seconds < 600.0), "{tier}: {fresh:?}");
        }
        assert_eq!(report["failed_passes"], 0);
    }
    assert!(number(&reports[2], "savings") > 0.9, "{}", reports[2]);
    assert!(reports[2]["freshness_p95_s"]["3m"].is_number(), "there were popular ones: {}", reports[2]);
}

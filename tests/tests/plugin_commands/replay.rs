//! `replay` in a network of its own, in which there is nothing: an unchanged plugin comes to what is stored, a changed one mends
//! it. The bench (`cargo xtask bench replay`) does the same with 10,000 pages.

use std::process::Stdio;

use serde_json::{Value, json as value};
use tidegate_tests::place::{Place, list};
use tidegate_tests::{daemon, kept};

use super::refused;

/// Sources, and pages of each.
const SOURCES: u64 = 4;
const PAGES: u64 = 25;
/// Entries that have been there in all.
const ITEMS: u64 = SOURCES * (PAGES - 1 + kept::ENTRIES);

/// One replay; without a network, where this machine lets us close it.
fn replay(place: &Place, more: &[&str]) -> (i32, Value) {
    let args: Vec<&str> = ["-o", "json", "replay", "--profile", kept::NAME].iter().chain(more).copied().collect();
    let open = daemon::command(place.dir(), &args).unwrap();
    let closed = kept::closed(&open);
    if closed.is_none() {
        println!("skipped: the network is not closed, because this machine lets nobody make one of their own");
    }
    let output = closed.unwrap_or(open).stdin(Stdio::null()).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let printed = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
    (output.status.code().unwrap(), printed)
}

fn kinds(place: &Place) -> Vec<String> {
    let listed = place.json(&["items", "--limit", "1000"]).unwrap();
    let mut kinds: Vec<String> =
        list(&listed, "items").iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn kept_pages_come_to_what_is_stored_and_a_changed_plugin_changes_it() {
    let place = Place::empty().unwrap();
    kept::fill(place.dir(), SOURCES, PAGES).unwrap();
    let runs = place.runs(&[]).unwrap().len();
    let (code, same) = replay(&place, &[]);
    assert_eq!((code, &same["same"], &same["gone"]), (0, &value!(true), &value!(0)), "{same}");
    assert_eq!(
        (&same["pages"]["replayed"], &same["items"]["same"]),
        (&value!(SOURCES * PAGES), &value!(ITEMS)),
        "{same}"
    );
    assert_eq!(same["items_read"], SOURCES * PAGES * kept::ENTRIES);
    let before = place.sources().unwrap();

    place.put("plugins/rss.wasm", kept::changed_plugin()).unwrap();
    let (code, looked) = replay(&place, &["--show", "3"]);
    assert_eq!((code, &looked["same"], &looked["items"]["changed"]), (0, &value!(false), &value!(ITEMS)), "{looked}");
    let shown = list(&looked, "shown");
    assert_eq!(
        (shown.len(), &shown[0]["change"], &shown[0]["fields"][0]["field"]),
        (3, &value!("changed"), &value!("kind"))
    );
    assert_eq!(
        (kinds(&place), place.runs(&[]).unwrap().len()),
        (vec!["article".to_owned()], runs),
        "nothing was written"
    );

    let (code, written) = replay(&place, &["--write"]);
    assert_eq!(
        (code, &written["items"]["changed"], &written["overtaken"]),
        (0, &value!(ITEMS), &value!(0)),
        "{written}"
    );
    assert_eq!(kinds(&place), ["artikel"]);
    assert_eq!(place.sources().unwrap(), before, "neither schedule nor watermark nor freshness");
    let replays = place.runs(&[]).unwrap().len() - runs;
    assert_eq!(replays, list(&written, "runs").len());
    let (_, after) = replay(&place, &["--write"]);
    assert_eq!((&after["same"], list(&after, "runs").len()), (&value!(true), 0), "{after}");
    assert_eq!(place.json(&["doctor"]).unwrap()["ok"], true);
}

#[test]
fn what_cannot_be_replayed_says_what_would_be_right() {
    let place = Place::empty().unwrap();
    refused(&place, &["replay", "--profile", "rss_profile"], 3, &["there is no database"]);
    kept::fill(place.dir(), 1, 1).unwrap();
    refused(&place, &["replay"], 2, &["--profile"]);
    refused(&place, &["replay", "--profile", "none"], 3, &["there is no profile none"]);
    refused(&place, &["replay", "--source", "none"], 3, &["there is no source"]);
    refused(&place, &["replay", "--profile", kept::NAME, "--since", "soon"], 2, &["--since", "a span (2h)"]);
    let said = place.run(&["replay", "--profile", kept::NAME, "--since", "1h"]).unwrap();
    assert!(said.code == Some(0) && said.stdout.contains("no pages are kept that fit"), "{}", said.stdout);
}

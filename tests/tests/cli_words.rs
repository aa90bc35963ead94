//! What a person reads: help and errors, word by word.
//!
//! Owns: the snapshots beside it. A change here is a change of what people see; look at it as such, and take it over with
//! `INSTA_UPDATE=always`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use tidegate_tests::place::Place;

/// What the command says, as one text.
fn said(place: &Place, args: &[&str]) -> String {
    let said = place.run(args).unwrap();
    format!("$ tidegate {}\n{}{}[{}]\n", args.join(" "), said.stdout, said.stderr, said.code.unwrap())
}

#[test]
fn help() {
    let place = Place::empty().unwrap();
    insta::assert_snapshot!(said(&place, &["--help"]));
    insta::assert_snapshot!("help_source_add", said(&place, &["source", "add", "--help"]));
}

#[test]
fn source_add_that_is_refused() {
    let place = Place::empty().unwrap();
    let add = ["source", "add", "--profile"];
    let table: [&[&str]; 7] = [
        &["rss_profil", "https://example.org/"],
        &["rss_profile", "file:///etc/passwd"],
        &["rss_profile", "https://user:secret@example.org/"],
        &["rss_profile", "example"],
        &["rss_profile", "--set", "discovr=true", "https://example.org/"],
        &["rss_profile", "--overrides", "{\"max_pages\": 0, \"discover\": 7}", "https://example.org/"],
        &["rss_profile"],
    ];
    let all: Vec<String> = table.iter().map(|rest| said(&place, &[&add[..], rest].concat())).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn profile_check_of_a_broken_file() {
    let place = Place::empty().unwrap();
    let broken = "plugin = \"rss\"\nkind = \"feed\"\n\n[schedule]\nevery = \"1 hour\"\n";
    let unknown = "plugin = \"rss\"\nkind = \"fed\"\nschedule = { every = \"1h\" }\n";
    let all = [("broken.toml", broken), ("unknown.toml", unknown)].map(|(name, text)| {
        place.put(name, text).unwrap();
        said(&place, &["profile", "check", name])
    });
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn profile_check_of_money_that_does_not_add_up() {
    let place = Place::empty().unwrap();
    let right = "plugin = \"x\"\nkind = \"account\"\nschedule = { every = \"6h\" }\n\n[actor]\nname = \"apidojo/tweet-scraper\"\nbuild = \
                 \"0.0.36\"\n\n[actor.price]\nas_of = \"2026-08-20\"\nelement = 0.0004\nminimum = 0.01\n\n[budget]\nusd_per_day = 1\n";
    let (actor, price) = right.split_once("\n[actor.price]").unwrap();
    let budget = price.split_once("\n[budget]").unwrap().1;
    let all = [
        ("unpriced", format!("{actor}\n[budget]{budget}")),
        ("fraction", right.replace("0.0004", "0.00000004")),
        ("poor", right.replace("usd_per_day = 1", "usd_per_day = 0.005")),
        ("odd", right.replace("build = ", "memory_mb = 1000\nbuild = ")),
        ("undated", right.replace("2026-08-20", "last summer")),
        ("token", right.replace("build = ", "token = \"apify_api_123456789\"\nbuild = ")),
    ]
    .map(|(name, text)| {
        let file = format!("{name}.toml");
        place.put(&file, text).unwrap();
        said(&place, &["profile", "check", &file])
    });
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn budget_and_plan_of_a_place_without_sources() {
    let place = Place::empty().unwrap();
    place.json(&["run-scheduled"]).unwrap();
    let all = [said(&place, &["budget"]), said(&place, &["plan"])].join("\n");
    insta::with_settings!({ filters => vec![(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "(a time)")] }, {
        insta::assert_snapshot!(all);
    });
}

#[test]
fn plugin_check_of_what_is_no_component() {
    let place = Place::empty().unwrap();
    let core = wat::parse_str("(module)").unwrap();
    let files: [(&str, &[u8]); 3] = [("text.wasm", b"#!/bin/sh\n"), ("core.wasm", &core), ("empty.wasm", b"")];
    let all = files.map(|(name, content)| {
        place.put(name, content).unwrap();
        said(&place, &["plugin", "check", name])
    });
    insta::assert_snapshot!(all.join("\n"));
}

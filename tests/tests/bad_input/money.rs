//! What an operator may get wrong about money and credentials: refused before anything is fetched or paid.
//!
//! Owns: point 7 of the actors' issue, as far as the command line sees it. What an odd platform answers is tried where the
//! platform is.

use tidegate_tests::place::Place;

use super::{add, refused, says, settled};

const HASHTAG: &str = include_str!("../../../profiles/instagram_hashtag_profile.toml");

/// The shipped hashtag profile with one thing changed.
fn changed(place: &Place, from: &str, to: &str) {
    assert!(HASHTAG.contains(from), "{from:?} is not in the shipped profile any more");
    place.put("tags.toml", HASHTAG.replace(from, to)).unwrap();
}

#[test]
fn a_price_that_is_missing_or_a_cap_that_is_too_low_is_found_before_anything_runs() {
    let place = settled();
    let table: [(&str, &str, &[&str]); 6] = [
        (
            "date-filter = 0.0013",
            "",
            &["a later run of a source", "no price for the event \"date-filter\"", "[actor.price.events]"],
        ),
        (
            "usd_per_run = 0.073",
            "usd_per_run = 0.005",
            &["budget.usd_per_run is $0.005", "does not start for less than $0.01"],
        ),
        ("usd_per_run = 0.073", "usd_per_run = 0.05", &["a run may cost $0.073 at worst", "it would never run"]),
        ("element = 0.0023", "", &["missing field `element`", "line"]),
        ("instagram-api-scraper", "instagram-api-scrapper", &["did you mean apify/instagram-api-scraper?"]),
        ("[actor]", "[actor]\ncredential = \"mine\"", &["no such credential", "[credentials.mine]"]),
    ];
    for (from, to, words) in table {
        changed(&place, from, to);
        refused(&place, &["profile", "check", "tags.toml"], 4, &[]);
        let said = place.run(&["profile", "check", "tags.toml"]).unwrap();
        for word in words {
            assert!(said.stdout.contains(word), "{word:?} is not in: {}", said.stdout);
        }
    }
    changed(&place, "12h", "13h");
    let said = place.run(&["profile", "check", "tags.toml"]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("tags: in order") && said.stdout.contains("not pinned"), "{said:?}");
}

#[test]
fn what_is_no_handle_or_not_allowed_is_refused_and_nothing_is_spent() {
    let place = settled();
    for (profile, rest, words) in [
        ("x_profile", vec!["not a handle!"], "not a handle!"),
        ("instagram_profile", vec!["--set", "details=true", "nasa"], "details"),
        ("instagram_profile", vec!["--set", "limit=200", "nasa"], "limit"),
        ("x_search_profile", vec!["--set", "operators=true", "from:nasa"], "operators"),
    ] {
        refused(&place, &add(profile, &rest), 4, &[words]);
    }
    let windows = place.json(&["budget"]).unwrap();
    let spent = |row: &serde_json::Value| row["spent"] == 0 && row["reserved"] == 0;
    assert!(windows["windows"].as_array().unwrap().iter().all(spent), "{windows}");
}

#[test]
fn a_token_in_a_settings_file_is_refused_and_never_repeated() {
    const CANARY: &str = "apify_api_c4n4ry7f3e";
    let place = Place::empty().unwrap();
    for text in [
        format!("[credentials.apify]\ntoken = \"{CANARY}\"\n"),
        format!("[credentials]\napify = \"{CANARY}\"\n"),
        format!("[credentials.apify]\nenv = \"{CANARY}\"\n"),
        format!("[credentials.apify]\nenv = \"{CANARY}\n"),
    ] {
        place.put("tidegate.toml", &text).unwrap();
        for args in [&["config", "show"][..], &["config", "check"], &["-o", "json", "doctor"], &["serve"]] {
            let said = place.run(args).unwrap();
            assert_ne!(said.code, Some(0), "{args:?}");
            assert!(!said.stdout.contains(CANARY) && !said.stderr.contains(CANARY), "{args:?}: {said:?}");
        }
        says(&place.run(&["config", "check"]).unwrap(), 4, &["line", "never stands in a settings file"]);
    }
    place.put("tidegate.toml", "[credentials.apify]\nfile = \"token\"\n").unwrap();
    place.put("token", CANARY).unwrap();
    for args in [&["config", "show"][..], &["-o", "json", "config", "show"]] {
        let said = place.run(args).unwrap();
        assert!(said.code == Some(0) && said.stdout.contains("token"), "{said:?}");
        assert!(!said.stdout.contains(CANARY) && !said.stderr.contains(CANARY), "{said:?}");
    }
}

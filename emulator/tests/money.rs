//! Money: caps kept to the micro-dollar, books that add up, an account that runs out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::allow_attributes,
    dead_code,
    reason = "tests"
)]

mod client;

use apify_emulator::{Account, Books, MicroUsd, Options};
use client::{BY_URL, Lab, TWEETS, posts_of};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What the books say of each run follows from its events, and the sum from the runs.
fn adds_up(books: &Books) {
    for run in &books.runs {
        let prices =
            [("apify-actor-start", 1_000), ("result", 2_300), ("date-filter", 1_300), ("detailed-data", 1_000)];
        let price = |name: &str| match run.actor.as_str() {
            "apify/instagram-post-scraper" if name == "apify-default-dataset-item" => 1_700,
            _ => prices.iter().find(|(known, _)| *known == name).unwrap().1,
        };
        let events: u64 = run.events.iter().map(|(name, count)| price(name) * u64::from(*count)).sum();
        let expected = if run.events.is_empty() { 400 * u64::from(run.items_charged) } else { events };
        assert_eq!(run.charged.0, expected, "{run:?}");
        assert!(run.cap.is_none_or(|cap| run.charged <= cap), "{run:?}");
    }
    assert_eq!(books.charged.0, books.runs.iter().map(|run| run.charged.0).sum::<u64>());
    assert_eq!(books.items_charged, books.runs.iter().map(|run| u64::from(run.items_charged)).sum::<u64>());
}

/// As the API writes it.
fn dollars_of(money: MicroUsd) -> f64 {
    money.0 as f64 / 1e6
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever cap, limit, moment of an abort: never a micro-dollar above the cap, and as many items as it pays.
    #[test]
    fn no_run_costs_more_than_its_cap(
        starts in proptest::collection::vec((10_000_u64..120_000, 1_u32..60, any::<bool>(), 0_u64..90), 1..6),
    ) {
        let lab = Lab::new(Options { account: Account { concurrent_runs: 1_000, ..Account::default() }, ..Options::by_hand() });
        for (cap, limit, dated, abort_after) in starts {
            let mut input = posts_of("harbour", limit);
            if dated {
                input["onlyPostsNewerThan"] = json!("1 month");
            }
            let dollars = format!("{}.{:06}", cap / 1_000_000, cap % 1_000_000);
            let answer = lab.start(BY_URL, &format!("maxTotalChargeUsd={dollars}&memory=128"), &input);
            prop_assert_eq!(answer.status, 201, "{}", answer.text());
            let id = answer.json()["data"]["id"].as_str().unwrap().to_owned();
            lab.seconds(abort_after);
            lab.call("POST", &format!("/v2/actor-runs/{id}/abort"), b"");
            let books = lab.emulator.books();
            prop_assert_eq!(books.run(&id).unwrap().cap, Some(MicroUsd(cap)));
            adds_up(&books);
        }
        lab.seconds(100);
        let books = lab.emulator.books();
        adds_up(&books);
        for run in &books.runs {
            let shown = lab.run(&run.id)["usageTotalUsd"].as_f64().unwrap();
            prop_assert_eq!(shown, dollars_of(run.charged));
            if run.status.name() == "ABORTED" && lab.run(&run.id)["statusMessage"] == "Maximum charge reached" {
                let item = if run.events["date-filter"] > 0 { 3_600 } else { 2_300 };
                prop_assert!(run.charged.0 + item > run.cap.unwrap().0, "one more could be paid: {run:?}");
            }
        }
    }
}

#[test]
fn results_have_a_price_and_max_items_caps_what_is_charged_only() {
    let lab = Lab::by_hand();
    let input = json!({"searchTerms": ["from:harbour"], "maxItems": 9, "sort": "Latest"});
    let id = lab.start(TWEETS, "maxItems=4", &input).json()["data"]["id"].as_str().unwrap().to_owned();
    lab.seconds(100);
    let run = lab.run(&id);
    assert_eq!((run.get("usageTotalUsd"), run["pricingInfo"]["pricePerUnitUsd"].as_f64()), (None, Some(0.0004)));
    let books = lab.emulator.books();
    assert_eq!((books.runs[0].items, books.runs[0].items_charged, books.charged.0), (9, 4, 1_600));
    assert_eq!(lab.items(&id, "").json().as_array().unwrap().len(), 9);
    adds_up(&books);
}

#[test]
fn add_ons_are_charged_where_they_were_ordered() {
    let lab = Lab::by_hand();
    for (level, price) in [("basicData", 1_700), ("detailedData", 2_700)] {
        let input =
            json!({"username": ["harbour"], "resultsLimit": 5, "dataDetailLevel": level, "skipPinnedPosts": true});
        let answer = lab.start("apify~instagram-post-scraper", "", &input);
        assert_eq!(answer.status, 201);
        lab.seconds(100);
        let books = lab.emulator.books();
        assert_eq!(books.runs.last().unwrap().charged.0, 5 * price);
        adds_up(&books);
    }
}

#[test]
fn an_account_runs_out_of_money_memory_and_places() {
    let room = Account { memory_mb: 4_096, concurrent_runs: 3, ..Account::default() };
    let lab = Lab::new(Options { account: room.clone(), ..Options::by_hand() });
    let start = |memory: u32| {
        let answer = lab.start(BY_URL, &format!("memory={memory}"), &posts_of("harbour", 10));
        (answer.status, if answer.status == 201 { String::new() } else { answer.kind() })
    };
    let limits = || lab.get("/v2/users/me/limits").json()["data"].clone();
    assert_eq!(start(2_048).0, 201);
    assert_eq!(limits()["current"]["actorMemoryGbytes"].as_f64(), Some(2.0));
    assert_eq!(start(4_096), (402, "actor-memory-limit-exceeded".to_owned()));
    assert_eq!((start(1_024).0, start(512).0), (201, 201));
    assert_eq!(start(128), (402, "concurrent-runs-limit-exceeded".to_owned()));
    lab.seconds(100);
    assert_eq!(limits()["current"]["activeActorJobCount"], 0);
    let spent = lab.emulator.books().charged;
    assert_eq!(limits()["current"]["monthlyUsageUsd"].as_f64(), Some(dollars_of(spent)));
    // Room for one item less than the smallest run costs, and then none at all.
    lab.emulator.set_account(Account { monthly_micro_usd: Some(spent.plus(MicroUsd(3_299))), ..room });
    assert_eq!(start(128), (402, "not-enough-usage-to-run-paid-actor".to_owned()));
    lab.control("account", &json!({"monthly_micro_usd": spent.0}));
    assert_eq!(start(128), (403, "platform-feature-disabled".to_owned()));
    lab.control("account", &json!({"monthly_micro_usd": Value::Null}));
    assert_eq!(start(128).0, 201);
    assert_eq!(lab.emulator.books().refused.len(), 4);
    assert_eq!(lab.emulator.books().most_in_flight, 3);
}

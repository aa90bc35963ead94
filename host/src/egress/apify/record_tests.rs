//! Runs as the platform writes them, whole, odd and wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A run with its prices, to which `more` is added.
fn run(more: &Value) -> Value {
    let mut run = json!({
        "id": "HG7ML7M8z78YcAPEB", "status": "SUCCEEDED", "defaultDatasetId": "wmKPijuyDnPZAPRMk",
        "statusMessage": null, "buildNumber": "0.0.36", "startedAt": "2026-11-14T03:35:02.118Z",
        "options": {"timeoutSecs": 300, "maxTotalChargeUsd": 0.1},
        "meta": {"origin": "API", "userAgent": "tidegate/0.1.0"},
        "pricingInfo": {"pricingModel": "PAY_PER_EVENT", "pricingPerEvent": {"actorChargeEvents": {
            "apify-actor-start": {"eventPriceUsd": 0.001},
            "post": {"eventPriceUsd": 0.0023, "isPrimaryEvent": true},
            "date-filter": {"eventTieredPricingUsd": {"FREE": {"tieredEventPriceUsd": 0.0013}, "GOLD": {"tieredEventPriceUsd": 0.001}}},
        }}},
        "chargedEventCounts": {"apify-actor-start": 1, "post": 15, "date-filter": 15},
    });
    let fields = run.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    run
}

fn read(more: &Value) -> RemoteRun {
    of_value(&run(more), &[]).unwrap()
}

#[test]
fn money() {
    let table = [
        (json!({"usageTotalUsd": 0.055}), Some(55_000)),
        (json!({"usageTotalUsd": 0}), Some(0)),
        (json!({"usageTotalUsd": 0.000_000_6}), Some(1)),
        (json!({"usageTotalUsd": "0.25"}), Some(250_000)),
        // By the events; where only tiers are named, the highest.
        (json!({}), Some(1_000 + 15 * 2_300 + 15 * 1_300)),
        (json!({"usageTotalUsd": null}), Some(55_000)),
        (json!({"usageTotalUsd": -1}), Some(55_000)),
        (json!({"chargedEventCounts": {"apify-actor-start": 1, "unknown": 0}}), Some(1_000)),
        // Better no figure than one that leaves something out.
        (json!({"chargedEventCounts": {"apify-actor-start": 1, "unknown": 2}}), None),
        (json!({"chargedEventCounts": {"post": "many"}}), None),
        (json!({"chargedEventCounts": null}), None),
        (json!({"chargedEventCounts": {}}), None),
        (json!({"pricingInfo": null}), None),
        (json!({"pricingInfo": {"pricingModel": "A_MODEL_OF_TOMORROW"}}), None),
        (
            json!({
                "pricingInfo": {"pricingModel": "PRICE_PER_DATASET_ITEM", "pricePerUnitUsd": 0.0004},
                "chargedEventCounts": {"apify-default-dataset-item": 20},
            }),
            Some(8_000),
        ),
    ];
    for (more, cost) in table {
        assert_eq!(read(&more).cost, cost.map(MicroUsd::new), "{more}");
    }
}

#[test]
fn elements_that_were_charged() {
    let table = [
        (json!({}), Some(15)),
        (json!({"chargedEventCounts": {"post": 3, "apify-default-dataset-item": 4.0}}), Some(4)),
        (json!({"chargedEventCounts": {"result": 5}, "pricingInfo": null}), Some(5)),
        (json!({"chargedEventCounts": {"comment": 5}}), None),
        (json!({"chargedEventCounts": {"post": -5}}), None),
        (json!({"chargedEventCounts": []}), None),
    ];
    for (more, elements) in table {
        assert_eq!(read(&more).charged_elements, elements, "{more}");
    }
}

#[test]
fn only_the_ids_are_needed() {
    let bare = json!({"id": "a", "storageIds": {"datasets": {"default": "b"}}});
    let expected = RemoteRun {
        id: "a".parse().unwrap(),
        dataset: "b".parse().unwrap(),
        status: RemoteStatus::Unknown,
        message: None,
        build: None,
        cost: None,
        charged_elements: None,
    };
    assert_eq!(of_value(&bare, &[]), Some(expected));
    let odd = json!({"status": "HIBERNATING", "statusMessage": 7, "buildNumber": [], "meta": 1, "options": "x", "startedAt": 1});
    assert_eq!((read(&odd).status, read(&odd).message, read(&odd).build), (RemoteStatus::Unknown, None, None));
    assert_eq!((user_agent(&run(&odd)), started(&run(&odd))), ("", None));
    for without in [json!({"id": null}), json!({"id": "../x"}), json!({"defaultDatasetId": ""})] {
        assert_eq!(of_value(&run(&without), &[]), None, "{without}");
    }
}

#[test]
fn a_message_is_one_line_without_secrets() {
    let secret = Credential::in_header(
        "https://api.example".parse().unwrap(),
        http::header::AUTHORIZATION,
        super::super::super::secret::Secret::new("canary-7f3a9c"),
    );
    let long = format!("token\n\tcanary-7f3a9c {}", "ä".repeat(2_000));
    let message = of_value(&run(&json!({"statusMessage": long})), &[secret]).unwrap().message.unwrap();
    assert!(message.starts_with("token (hidden) ä"), "{message}");
    assert!(message.len() <= limits::MESSAGE_BYTES);
}

#[test]
fn actors_paid_by_the_element_do_not_say_what_they_cost() {
    let priced = json!({"pricingModel": "PRICE_PER_DATASET_ITEM", "pricePerUnitUsd": 0.0004});
    let of = |more: Value| {
        let mut run = run(&json!({"usageTotalUsd": null, "chargedEventCounts": null, "pricingInfo": priced}));
        for (name, value) in more.as_object().unwrap() {
            run[name] = value.clone();
        }
        per_element(json!({ "data": run }).to_string().as_bytes())
    };
    let (each, most) = of(json!({})).unwrap();
    assert_eq!(elements_cost((each, most), 20), Some(MicroUsd::new(8_000)));
    let (each, most) = of(json!({"options": {"maxItems": 15}})).unwrap();
    assert_eq!(elements_cost((each, most), 20), Some(MicroUsd::new(6_000)), "no more than were asked for are paid");
    assert_eq!(of(json!({"usageTotalUsd": 0.5})), None, "what it says goes first");
    assert_eq!(of(json!({"pricingInfo": {"pricingModel": "PAY_PER_EVENT"}})), None);
    assert_eq!(element_count(br#"{"data": {"itemCount": 7}}"#).unwrap(), 7);
    assert!(element_count(br#"{"data": {}}"#).is_err());
}

#[test]
fn options_are_a_fingerprint() {
    let cap = MicroUsd::new(100_000);
    assert!(has_options(&run(&json!({})), cap, 300));
    assert!(!has_options(&run(&json!({})), cap, 301));
    assert!(!has_options(&run(&json!({})), MicroUsd::new(100_100), 300));
    assert!(!has_options(&run(&json!({"options": {}})), cap, 300));
}

proptest! {
    /// Whatever stands in the fields, nothing panics.
    #[test]
    fn any_field_may_be_anything(field in 0_usize..8, with in 0_usize..6) {
        let names = ["id", "status", "statusMessage", "usageTotalUsd", "pricingInfo", "chargedEventCounts", "meta", "options"];
        let values = [json!(null), json!(1e300), json!(["x"]), json!({"a": {"b": null}}), json!("\u{0}"), json!(-0.5)];
        let mut odd = run(&json!({}));
        odd[names[field]] = values[with].clone();
        let _ = (of_value(&odd, &[]), started(&odd), user_agent(&odd), has_options(&odd, MicroUsd::ZERO, 0));
    }
}

/// Runs in the shape of the platform's own description, where they are at hand.
#[test]
#[expect(clippy::print_stderr, reason = "a skip is to be seen")]
fn described_runs() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/apify/api");
    let table = [
        ("run-ready", RemoteStatus::Ready, 0, 0),
        ("run-running", RemoteStatus::Running, 15_400, 4),
        ("run-succeeded", RemoteStatus::Succeeded, 55_000, 15),
        ("run-succeeded-preliminary-cost", RemoteStatus::Succeeded, 33_400, 9),
        ("run-timed-out-partial", RemoteStatus::TimedOut, 26_200, 7),
        ("run-failed", RemoteStatus::Failed, 1_000, 0),
        ("run-aborted-charge-limit", RemoteStatus::Aborted, 98_200, 27),
    ];
    if !shared.is_dir() {
        eprintln!("SKIPPED described_runs: {} is not there", shared.display());
        return;
    }
    for (file, status, cost, elements) in table {
        let text = std::fs::read(shared.join(format!("{file}.json"))).unwrap();
        let run = of_answer(&text, &[]).unwrap();
        assert_eq!(
            (run.status, run.cost, run.charged_elements),
            (status, Some(MicroUsd::new(cost)), Some(elements)),
            "{file}"
        );
        // The same sum by the events.
        let mut value = data(&text).unwrap();
        value.as_object_mut().unwrap().remove("usageTotalUsd");
        let by_events = of_value(&value, &[]).unwrap().cost;
        if !matches!(status, RemoteStatus::Ready) {
            assert_eq!(by_events, Some(MicroUsd::new(cost)), "{file}");
        }
    }
}

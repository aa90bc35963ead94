//! Properties of the whole plugin: every element is counted, whatever it is, and nothing panics.
#![allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_plugin_instagram::Instagram;
use tidegate_plugin_instagram::identifier::Kind;
use tidegate_plugin_instagram::input::{ACTORS, serving};
use tidegate_plugin_instagram::shortcode;
use tidegate_plugin_kit::{ActorEnd, DatasetPage, Job, Page, Plugin};

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        (1_u64..u64::MAX).prop_map(|id| id.to_string().into()),
        (1_u64..u64::MAX).prop_map(|id| shortcode::of_id(id).into()),
        Just(json!("https://www.instagram.com/p/Dbm3x30EwWu/")),
        Just(json!("https://www.instagram.com/tide.gauge/")),
        Just(json!("2025-12-30T09:00:00.000Z")),
        Just(json!("tide.gauge")),
        Just(json!("not_found")),
        Just(json!([{ "displayUrl": "https://cdn.example/a.jpg?oe=6A84A079", "type": "Video" }, 7, "x", null])),
        Just(json!([{ "id": "12", "latestPosts": [{}] }, {}])),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "id",
        "shortCode",
        "url",
        "type",
        "caption",
        "timestamp",
        "likesCount",
        "ownerUsername",
        "ownerId",
        "displayUrl",
        "videoUrl",
        "childPosts",
        "images",
        "hashtags",
        "isPinned",
        "inputUrl",
        "username",
        "followersCount",
        "latestPosts",
        "private",
        "postsCount",
        "error",
        "errorDescription",
        "requestErrorMessages",
        "demo",
        "pk",
        "code",
        "taken_at",
        "media_type",
        "carousel_media",
        "user",
        "scraped_username",
        "coauthorProducers",
        "locationId",
        "productType",
    ];
    prop_oneof![9 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn element() -> impl Strategy<Value = String> {
    let object = prop::collection::vec((name(), leaf()), 0..14)
        .prop_map(|members| Value::Object(members.into_iter().collect()).to_string());
    let nested = (name(), name(), leaf()).prop_map(|(a, b, value)| json!({ a: { b: value } }).to_string());
    prop_oneof![6 => object, 2 => nested, 1 => leaf().prop_map(|value| value.to_string()), 1 => ".{0,20}"]
}

const KINDS: [(&str, &str); 4] = [
    ("account", "tide.gauge"),
    ("hashtag", "tides"),
    ("post", "https://www.instagram.com/p/Dbm3x30EwWu/"),
    ("profile", "tide.gauge"),
];

fn job(kind: &str, identifier: &str, actor: &str) -> Job {
    Job { actor: Some(actor.to_owned()), now: "2026-01-01T00:00:00Z".to_owned(), ..Job::new(kind, identifier) }
}

fn counted(text: Option<&str>, name: &str) -> usize {
    let extra: Value = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    extra[name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

proptest! {
    #[test]
    fn every_element_is_counted(
        elements in prop::collection::vec(element(), 0..12),
        actor in 0..ACTORS.len(),
        kind in 0..KINDS.len(),
        more in any::<bool>(),
        state in prop_oneof![Just(None), ".{0,10}".prop_map(Some)],
    ) {
        let job = job(KINDS[kind].0, KINDS[kind].1, ACTORS[actor].0);
        let ended = if more { ActorEnd::Running } else { ActorEnd::Succeeded };
        let page = Page::dataset(state, DatasetPage { more, ended, ..DatasetPage::whole(elements.clone()) }, 0);
        let batch = Instagram::normalize(&job, &page).unwrap();
        let extra = batch.extra.as_deref();
        // A profile may bring posts or rejects beside itself: what it brought counts once.
        let seen: BTreeSet<u32> = batch
            .items
            .iter()
            .map(|item| item.element)
            .chain(batch.rejects.iter().map(|reject| reject.element))
            .collect();
        let others = batch.fillers as usize + counted(extra, "left_out") + counted(extra, "outcomes");
        prop_assert!(seen.len() + others <= elements.len());
        prop_assert!(seen.len() + others + counted(extra, "profiles") >= elements.len());
        for item in &batch.items {
            let id: u64 = item.external_id.parse().unwrap();
            prop_assert!(id > 0);
            prop_assert!(item.metrics.iter().all(|metric| metric.value >= 0.0));
            prop_assert!(item.url.as_deref().and_then(shortcode::of_url).is_some());
            prop_assert!(item.data.as_deref().is_none_or(|data| serde_json::from_str::<serde_json::Map<String, Value>>(data).is_ok()));
        }
        prop_assert!(batch.state.as_deref().is_none_or(|state| serde_json::from_str::<Value>(state).is_ok()));
    }

    #[test]
    fn a_plan_follows_from_what_validate_took(typed in "[#@]?.{0,30}", kind in 0..KINDS.len()) {
        let kind = KINDS[kind].0;
        if let Ok(valid) = Instagram::validate(kind, &typed, "{}") {
            for actor in serving(Kind::of(kind).unwrap()) {
                let step = Instagram::plan(&job(kind, &valid.identifier, actor));
                prop_assert!(step.is_ok(), "{} {:?}", actor, valid.identifier);
            }
        }
    }
}

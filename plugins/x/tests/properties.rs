//! Properties of the whole plugin: every element is counted, whatever it is, and nothing panics.
#![allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_plugin_kit::{ActorEnd, DatasetPage, Job, Page, Plugin};
use tidegate_plugin_x::X;
use tidegate_plugin_x::input::ACTORS;

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        (1_u64..u64::MAX).prop_map(|id| id.to_string().into()),
        Just(json!("https://x.com/tideboard/status/1983971132162549693")),
        Just(json!("Sat Nov 22 11:53:27 +0000 2025")),
        Just(
            json!([{ "type": "video", "url": "https://t.co/a", "video_info": { "variants": [{ "bitrate": 1 }, 7] } }])
        ),
        Just(json!({ "userName": "tideboard", "id": "7", "followers": -1 })),
        Just(json!({ "id": "1983971132162549693", "author": { "userName": "a" } })),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "id",
        "url",
        "text",
        "fullText",
        "createdAt",
        "lang",
        "likeCount",
        "viewCount",
        "isReply",
        "isRetweet",
        "isQuote",
        "isPinned",
        "conversationId",
        "inReplyToId",
        "quoteId",
        "quote",
        "retweet",
        "author",
        "entities",
        "extendedEntities",
        "media",
        "type",
        "noResults",
        "demo",
        "error",
        "quoted_tweet",
        "id_str",
        "user",
        "full_text",
    ];
    prop_oneof![9 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn element() -> impl Strategy<Value = String> {
    let object = prop::collection::vec((name(), leaf()), 0..14)
        .prop_map(|members| Value::Object(members.into_iter().collect()).to_string());
    let nested = (name(), name(), leaf()).prop_map(|(a, b, value)| json!({ a: { b: value } }).to_string());
    prop_oneof![6 => object, 2 => nested, 1 => leaf().prop_map(|value| value.to_string()), 1 => ".{0,20}"]
}

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
        kind in 0..3_usize,
        more in any::<bool>(),
        state in prop_oneof![Just(None), ".{0,10}".prop_map(Some)],
    ) {
        let (kind, identifier) = [
            ("account", "tideboard"),
            ("search", "storm"),
            ("post", "https://x.com/i/status/1983971132162549693"),
        ][kind];
        let job = job(kind, identifier, ACTORS[actor].0);
        let ended = if more { ActorEnd::Running } else { ActorEnd::Succeeded };
        let page = Page::dataset(state, DatasetPage { more, ended, ..DatasetPage::whole(elements.clone()) }, 0);
        let batch = X::normalize(&job, &page).unwrap();
        let extra = batch.extra.as_deref();
        let all = batch.items.len() + batch.fillers as usize + batch.rejects.len()
            + counted(extra, "left_out") + counted(extra, "outcomes");
        prop_assert_eq!(all, elements.len());
        for item in &batch.items {
            prop_assert!(!item.external_id.is_empty() && item.external_id.bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert!(item.metrics.iter().all(|metric| metric.value >= 0.0));
            prop_assert!(item.url.as_deref().is_some_and(|url| url.contains(&item.external_id)));
            prop_assert!(item.data.as_deref().is_none_or(|data| serde_json::from_str::<serde_json::Map<String, Value>>(data).is_ok()));
        }
        prop_assert!(batch.state.as_deref().is_none_or(|state| serde_json::from_str::<Value>(state).is_ok()));
    }

    #[test]
    fn a_plan_follows_from_what_validate_took(typed in ".{0,30}", operators in any::<bool>(), kind in 0..3_usize) {
        let kind = ["account", "search", "post"][kind];
        let overrides = if operators && kind == "search" { "{\"operators\":true}" } else { "{}" };
        if let Ok(valid) = X::validate(kind, &typed, overrides) {
            for (actor, _) in ACTORS {
                let job = Job { overrides: overrides.to_owned(), ..job(kind, &valid.identifier, actor) };
                prop_assert!(X::plan(&job).is_ok(), "{} {:?}", actor, valid.identifier);
            }
        }
    }
}

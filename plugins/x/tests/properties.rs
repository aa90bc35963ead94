//! Properties of the whole plugin: every element is counted, whatever it is, and nothing panics.
#![allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_plugin_kit::{Job, Page, PageContent, Plugin, chance};
use tidegate_plugin_x::X;
use tidegate_plugin_x::input::ACTORS;

const KINDS: [(&str, &str); 3] =
    [("account", "tideboard"), ("search", "storm"), ("post", "https://x.com/i/status/1983971132162549693")];

const NAMES: &[&str] = &[
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

fn page() -> impl Strategy<Value = Page> {
    let own: [Value; 5] = [
        json!("https://x.com/tideboard/status/1983971132162549693"),
        json!("Sat Nov 22 11:53:27 +0000 2025"),
        json!([{ "type": "video", "url": "https://t.co/a", "video_info": { "variants": [{ "bitrate": 1 }, 7] } }]),
        json!({ "userName": "tideboard", "id": "7", "followers": -1 }),
        json!({ "id": "1983971132162549693", "author": { "userName": "a" } }),
    ];
    chance::page(NAMES, &own)
}

proptest! {
    #[test]
    fn every_element_is_counted(page in page(), actor in 0..ACTORS.len(), kind in 0..KINDS.len()) {
        let job = chance::job(KINDS[kind].0, KINDS[kind].1, ACTORS[actor].0);
        let batch = X::normalize(&job, &page).unwrap();
        let PageContent::Dataset(dataset) = &page.content else { panic!("a page of another sort") };
        let all = batch.items.len() + batch.fillers as usize + batch.rejects.len()
            + chance::counted(&batch, "left_out") + chance::counted(&batch, "outcomes");
        prop_assert_eq!(all, dataset.elements.len());
        chance::is_sound(&batch)?;
        for item in &batch.items {
            prop_assert!(item.external_id.bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert!(item.url.as_deref().is_some_and(|url| url.contains(&item.external_id)));
        }
    }

    #[test]
    fn a_plan_follows_from_what_validate_took(typed in ".{0,30}", operators in any::<bool>(), kind in 0..3_usize) {
        let kind = ["account", "search", "post"][kind];
        let overrides = if operators && kind == "search" { "{\"operators\":true}" } else { "{}" };
        if let Ok(valid) = X::validate(kind, &typed, overrides) {
            for (actor, _) in ACTORS {
                let job = Job { overrides: overrides.to_owned(), ..chance::job(kind, &valid.identifier, actor) };
                prop_assert!(X::plan(&job).is_ok(), "{} {:?}", actor, valid.identifier);
            }
        }
    }
}

//! Properties of the whole plugin: every element is counted, whatever it is, and nothing panics.
#![allow(clippy::unwrap_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_plugin_instagram::Instagram;
use tidegate_plugin_instagram::identifier::Kind;
use tidegate_plugin_instagram::input::{ACTORS, serving};
use tidegate_plugin_instagram::shortcode;
use tidegate_plugin_kit::{Page, PageContent, Plugin, chance};

const KINDS: [(&str, &str); 4] = [
    ("account", "tide.gauge"),
    ("hashtag", "tides"),
    ("post", "https://www.instagram.com/p/Dbm3x30EwWu/"),
    ("profile", "tide.gauge"),
];

const NAMES: &[&str] = &[
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

fn page() -> impl Strategy<Value = Page> {
    let own: [Value; 10] = [
        json!(shortcode::of_id(1)),
        json!(shortcode::of_id(3_812_345_678_901_234_567)),
        json!(shortcode::of_id(u64::MAX)),
        json!("https://www.instagram.com/p/Dbm3x30EwWu/"),
        json!("https://www.instagram.com/tide.gauge/"),
        json!("2025-12-30T09:00:00.000Z"),
        json!("tide.gauge"),
        json!("not_found"),
        json!([{ "displayUrl": "https://cdn.example/a.jpg?oe=6A84A079", "type": "Video" }, 7, "x", null]),
        json!([{ "id": "12", "latestPosts": [{}] }, {}]),
    ];
    chance::page(NAMES, &own)
}

proptest! {
    #[test]
    fn every_element_is_counted(page in page(), actor in 0..ACTORS.len(), kind in 0..KINDS.len()) {
        let job = chance::job(KINDS[kind].0, KINDS[kind].1, ACTORS[actor].0);
        let batch = Instagram::normalize(&job, &page).unwrap();
        let PageContent::Dataset(dataset) = &page.content else { panic!("a page of another sort") };
        // A profile may bring posts or rejects beside itself: what it brought counts once.
        let items = batch.items.iter().map(|item| item.element);
        let seen: BTreeSet<u32> = items.chain(batch.rejects.iter().map(|reject| reject.element)).collect();
        let others = batch.fillers as usize + chance::counted(&batch, "left_out") + chance::counted(&batch, "outcomes");
        prop_assert!(seen.len() + others <= dataset.elements.len());
        prop_assert!(seen.len() + others + chance::counted(&batch, "profiles") >= dataset.elements.len());
        chance::is_sound(&batch)?;
        for item in &batch.items {
            prop_assert!(item.external_id.parse::<u64>().is_ok_and(|id| id > 0));
            prop_assert!(item.url.as_deref().and_then(shortcode::of_url).is_some());
        }
    }

    #[test]
    fn a_plan_follows_from_what_validate_took(typed in "[#@]?.{0,30}", kind in 0..KINDS.len()) {
        let kind = KINDS[kind].0;
        if let Ok(valid) = Instagram::validate(kind, &typed, "{}") {
            for actor in serving(Kind::of(kind).unwrap()) {
                let step = Instagram::plan(&chance::job(kind, &valid.identifier, actor));
                prop_assert!(step.is_ok(), "{} {:?}", actor, valid.identifier);
            }
        }
    }
}

//! Accounts as the actors of Apify give them for Instagram.
//!
//! Owns: field names and types of a profile item. Called by the actors' rows.

use serde_json::{Value, json};

use super::instagram::{Shown, fields, grown, post};
use super::{Feed, Special, media, words};
use crate::clock::Millis;

/// Posts shown in a profile.
const LATEST: usize = 12;

/// A profile item; `about` only where it was asked for.
pub(crate) fn item(feed: &Feed, input_url: &str, run_at: Millis, about: bool) -> Value {
    let mut dice = feed.dice().of("account");
    let name = words::name(&mut dice);
    let private = feed.special() == Special::Private;
    let picture = media::instagram_picture(&mut dice, run_at);
    let followers = 50 + dice.below(100_000);
    let posts = if private { 14 } else { feed.count(run_at) };
    let mut item = json!({
        "id": feed.owner_id().to_string(),
        "username": feed.handle,
        "url": format!("https://www.instagram.com/{}", feed.handle),
        "inputUrl": input_url,
        "fullName": name,
        "biography": words::text(&mut dice, 20),
        "externalUrls": [],
        "followersCount": followers + grown(followers / 10, feed.post(0).at, run_at),
        "followsCount": dice.below(1_000),
        "highlightReelCount": dice.below(6),
        "isBusinessAccount": dice.percent(40),
        "joinedRecently": false,
        "businessCategoryName": if dice.percent(40) { json!("Local service") } else { Value::Null },
        "private": private,
        "verified": dice.percent(10),
        "profilePicUrl": picture,
        "profilePicUrlHD": picture,
        "igtvVideoCount": 0,
        "relatedProfiles": [],
        "latestIgtvVideos": [],
        "postsCount": posts,
        "latestPosts": feed.newest(run_at).take(LATEST).map(|each| latest(feed, each, run_at)).collect::<Vec<_>>(),
        "fbid": (17_841_400_000_000_000 + dice.below(99_999_999_999)).to_string(),
        "hasChannel": false,
    });
    if about {
        super::instagram::merge(
            &mut item,
            json!({"about": {
                "accounts_with_shared_followers": Value::Null, "country": "Netherlands", "date_joined": "August 2016",
                "date_joined_as_timestamp": 1_470_009_600, "date_verified": Value::Null,
                "date_verified_as_timestamp": Value::Null, "former_usernames": dice.below(3), "id": feed.owner_id(),
                "is_verified": Value::Null, "username": Value::Null,
            }}),
        );
    }
    item
}

/// A post within a profile: without the owner's name, comments and the asked address.
fn latest(feed: &Feed, each: super::Post, run_at: Millis) -> Value {
    let mut item = fields(post(feed, each, Shown { detailed: true, input_url: "", run_at, pinned: false }));
    for absent in ["ownerFullName", "latestComments", "inputUrl", "firstComment"] {
        item.remove(absent);
    }
    Value::Object(item)
}

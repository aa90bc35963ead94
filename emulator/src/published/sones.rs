//! Posts as sones/instagram-posts-scraper-lowcost gives them: snake case, seconds, and numbers for types.
//!
//! Owns: field names and types. Called by the actors' rows.

use serde_json::{Map, Value, json};

use super::instagram::{Shown, post};
use super::{Feed, Post};
use crate::clock::Millis;

/// A post as an item. Items older than the cutoff come too, with a flag.
pub(crate) fn item(feed: &Feed, each: Post, run_at: Millis, cutoff: Option<Millis>) -> Value {
    let known = post(feed, each, Shown { detailed: true, input_url: "", run_at, pinned: false });
    let of = |name: &str| known.get(name).cloned().unwrap_or_default();
    let text = |name: &str| of(name).as_str().unwrap_or_default().to_owned();
    let owner = text("ownerId");
    let media_type = match text("type").as_str() {
        "Video" => 2,
        "Sidecar" => 8,
        _ => 1,
    };
    let caption = text("caption");
    let mut item = json!({
        "pk": each.id.to_string(),
        "id": format!("{}_{owner}", each.id),
        "code": of("shortCode"),
        "taken_at": each.at.0.div_euclid(1_000),
        "media_type": media_type,
        "product_type": match media_type { 2 => "clips", 8 => "carousel_container", _ => "feed" },
        "caption": if caption.is_empty() { Value::Null } else { json!({"pk": (each.id / 3).to_string(), "text": caption}) },
        "like_count": of("likesCount"),
        "comment_count": of("commentsCount"),
        "original_width": 1_080,
        "original_height": of("dimensionsHeight"),
        "user": {
            "pk": owner, "username": of("ownerUsername"), "full_name": of("ownerFullName"), "is_verified": false,
            "profile_pic_url": of("displayUrl"),
        },
        "coauthor_producers": [],
        "invited_coauthor_producers": [],
        "image_url": of("displayUrl"),
        "scraped_username": feed.handle,
        "scraped_at": run_at.0.div_euclid(1_000),
        "post_url": of("url"),
    });
    if media_type == 2 {
        let film = json!({"play_count": of("videoPlayCount"), "video_duration": of("videoDuration"), "video_url": of("videoUrl")});
        super::instagram::merge(&mut item, film);
    }
    if media_type == 8 {
        let pictures = of("childPosts").as_array().map(|children| children.iter().map(picture).collect::<Vec<_>>());
        super::instagram::merge(&mut item, json!({"carousel_media": pictures}));
    }
    if let Some(cutoff) = cutoff {
        super::instagram::merge(
            &mut item,
            json!({
                "newer_than_cutoff": cutoff.0.div_euclid(1_000),
                "newer_than_cutoff_iso": cutoff.iso(),
                "is_newer_than_cutoff": each.at > cutoff,
            }),
        );
    }
    item
}

fn picture(child: &Value) -> Value {
    let mut item = Map::new();
    for (to, from) in [
        ("pk", "id"),
        ("id", "id"),
        ("original_width", "originalWidth"),
        ("original_height", "originalHeight"),
        ("image_url", "displayUrl"),
    ] {
        item.insert(to.to_owned(), child.get(from).cloned().unwrap_or_default());
    }
    item.insert("media_type".to_owned(), json!(1));
    Value::Object(item)
}

//! Posts and comments as the actors of Apify give them for Instagram.
//!
//! Owns: field names, types and the facts measured on real outputs (which fields come when, `shortCode`, hidden likes,
//! co-authored posts). Must not know: which posts were asked for. Called by the actors' rows.

use serde_json::{Map, Value, json};

use super::{Feed, Post, media, words};
use crate::clock::Millis;
use crate::dice::Dice;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a post is shown as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// `detailedData`, and what instagram-scraper and instagram-api-scraper always give.
    pub(crate) detailed: bool,
    /// The address that was asked for.
    pub(crate) input_url: &'a str,
    /// When the run looks: metrics are those of this moment.
    pub(crate) run_at: Millis,
    pub(crate) pinned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Image,
    Video,
    Sidecar,
}

/// base64url of the id without leading zeroes, as in the address of a post.
pub(crate) fn short_code(mut id: u64) -> String {
    let mut code = Vec::new();
    while id > 0 {
        let digit = usize::try_from(id & 63).unwrap_or(0);
        code.push(ALPHABET.get(digit).copied().map_or('A', char::from));
        id >>= 6;
    }
    code.iter().rev().collect()
}

/// The id of a short code; `None` where it is none.
pub(crate) fn id_of(code: &str) -> Option<u64> {
    if code.is_empty() || code.len() > 11 {
        return None;
    }
    code.bytes().try_fold(0_u64, |id, byte| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        id.checked_mul(64)?.checked_add(u64::try_from(digit).ok()?)
    })
}

/// Whether the post belongs to somebody else, who named this account as co-author: one in eight.
pub(crate) fn is_coauthored(post: Post) -> bool {
    post.dice().of("coauthor").percent(12)
}

/// How a number has grown from the post until now: half of it within three hours.
pub(crate) fn grown(full: u64, at: Millis, now: Millis) -> u64 {
    let age = u64::try_from(now.since(at)).unwrap_or(0) / 1_000;
    full * age / (age + 10_800)
}

/// A post as an item.
pub(crate) fn post(feed: &Feed, post: Post, shown: Shown<'_>) -> Value {
    let mut item = Map::new();
    let mut dice = post.dice().of("body");
    let kind = match dice.below(10) {
        0..=4 => Type::Image,
        5..=7 => Type::Sidecar,
        _ => Type::Video,
    };
    let tags = words::tags(&mut dice);
    let mut caption = if dice.percent(6) { String::new() } else { words::text(&mut dice, 40) };
    for tag in &tags {
        caption.push_str(&format!("{}#{tag}", if caption.is_empty() { "" } else { " " }));
    }
    let code = short_code(post.id);
    let tall = if kind == Type::Video { 1_920 } else { 1_350 };
    let shown_at = shown.run_at;
    // Signed anew for each run, like the real ones.
    let mut signed = post.dice().at(u64::try_from(shown_at.0 / 1_000).unwrap_or(0));
    let likes = grown(20 + dice.below(3_000), post.at, shown_at);
    let hidden = dice.percent(8);
    let comments = grown(dice.below(60), post.at, shown_at);
    item.extend(fields(json!({
        "id": post.id.to_string(),
        "type": format!("{kind:?}"),
        "shortCode": code,
        "caption": caption,
        "hashtags": tags,
        "url": format!("https://www.instagram.com/p/{code}/"),
        "commentsCount": comments,
        "dimensionsHeight": tall,
        "dimensionsWidth": 1_080,
        "displayUrl": media::instagram_picture(&mut signed, shown_at),
        "likesCount": if hidden { json!(-1) } else { json!(likes) },
        "timestamp": post.at.iso(),
        "isCommentsDisabled": false,
    })));
    owner(&mut item, feed, post, shown.detailed, &mut dice);
    if kind == Type::Video {
        item.insert("videoUrl".into(), json!(media::instagram_film(&mut signed, shown_at)));
        if dice.percent(70) {
            item.insert("productType".into(), json!("clips"));
        }
    } else if dice.percent(15) {
        item.insert("productType".into(), json!(if kind == Type::Sidecar { "carousel_container" } else { "feed" }));
    }
    if shown.detailed {
        details(&mut item, post, kind, shown, comments, &mut signed);
    }
    Value::Object(item)
}

/// Who it is by: the account, or somebody else with the account as co-author.
fn owner(item: &mut Map<String, Value>, feed: &Feed, post: Post, detailed: bool, dice: &mut Dice) {
    let mut account = feed.dice().of("account");
    let name = words::name(&mut account);
    if is_coauthored(post) {
        let mut other = post.dice().of("owner");
        item.insert("ownerUsername".into(), json!(words::handle(&mut other)));
        item.insert("ownerId".into(), json!((1_000_000_000 + other.below(9_000_000_000)).to_string()));
        item.insert("ownerFullName".into(), json!(words::name(&mut other)));
        let co = json!([{
            "id": feed.owner_id().to_string(), "username": feed.handle, "is_verified": false,
            "profile_pic_url": media::instagram_picture(&mut account, post.at),
        }]);
        item.insert("coauthorProducers".into(), co);
        return;
    }
    item.insert("ownerUsername".into(), json!(feed.handle));
    item.insert("ownerId".into(), json!(feed.owner_id().to_string()));
    if detailed || dice.percent(67) {
        item.insert("ownerFullName".into(), json!(name));
    }
}

fn details(item: &mut Map<String, Value>, post: Post, kind: Type, shown: Shown<'_>, comments: u64, signed: &mut Dice) {
    let mut dice = post.dice().of("details");
    let children: Vec<Value> = match kind {
        Type::Sidecar => (0..2 + dice.below(5)).map(|n| child(post, n, shown.run_at)).collect(),
        _ => Vec::new(),
    };
    let images: Vec<&Value> = children.iter().filter_map(|child| child.get("displayUrl")).collect();
    let latest: Vec<Value> = (0..comments.min(dice.below(4))).map(|n| comment(post, n, shown.run_at)).collect();
    let mut more = json!({
        "mentions": [],
        "firstComment": "",
        "latestComments": latest,
        "images": images,
        "childPosts": children,
        "paidPartnership": false,
        "inputUrl": shown.input_url,
        "alt": Value::Null,
    });
    if kind == Type::Video {
        let views = grown(100 + dice.below(20_000), post.at, shown.run_at);
        merge(
            &mut more,
            json!({
                "videoViewCount": views,
                "videoPlayCount": views * (3 + dice.below(3)),
                "videoDuration": 5.0 + f64::from(u32::try_from(dice.below(800)).unwrap_or(0)) / 10.0,
                "audioUrl": media::instagram_film(signed, shown.run_at),
                "musicInfo": {
                    "artist_name": words::name(&mut dice), "song_name": "Tidal", "uses_original_audio": dice.percent(50),
                    "should_mute_audio": false, "should_mute_audio_reason": "", "audio_id": dice.draw().to_string(),
                },
            }),
        );
    } else {
        let alt = format!("Photo on {}. May be an image of boat and sea.", post.at.format("%B %d, %Y"));
        merge(&mut more, json!({"alt": alt, "originalWidth": 2_160, "originalHeight": 2_700}));
    }
    if dice.percent(12) {
        let id = 100_000 + dice.below(1_000_000_000);
        // A number in some items, a string in others.
        let id = if dice.percent(50) { json!(id) } else { json!(id.to_string()) };
        merge(&mut more, json!({"locationName": "North Pier", "locationId": id}));
    }
    if dice.percent(20) {
        let handle = words::handle(&mut dice);
        merge(
            &mut more,
            json!({"taggedUsers": [{
                "full_name": words::name(&mut dice), "id": dice.below(9_000_000_000).to_string(), "is_verified": dice.percent(30),
                "profile_pic_url": media::instagram_picture(&mut dice, shown.run_at), "username": handle,
            }]}),
        );
    }
    if shown.pinned {
        merge(&mut more, json!({"isPinned": true}));
    }
    item.extend(fields(more));
}

/// One picture of an album: counts and times are not known for it.
fn child(post: Post, number: u64, run_at: Millis) -> Value {
    let mut dice = post.dice().of("child").at(number);
    let id = post.id.saturating_sub(1 + number * 8_192 + dice.below(4_096));
    let code = short_code(id);
    json!({
        "id": id.to_string(), "type": "Image", "shortCode": code, "caption": "", "hashtags": [], "mentions": [],
        "url": format!("https://www.instagram.com/p/{code}/"), "commentsCount": 0, "firstComment": "",
        "latestComments": [], "dimensionsHeight": 1_350, "dimensionsWidth": 1_080,
        "displayUrl": media::instagram_picture(&mut dice, run_at), "images": [], "alt": Value::Null,
        "likesCount": Value::Null, "timestamp": Value::Null, "childPosts": [], "ownerId": Value::Null,
        "originalWidth": 2_160, "originalHeight": 2_700,
    })
}

/// A comment under a post.
pub(crate) fn comment(post: Post, number: u64, run_at: Millis) -> Value {
    let mut dice = post.dice().of("comment").at(number);
    let at = post.at.after(60_000 * (1 + i64::try_from(number).unwrap_or(0)));
    let (handle, id) = (words::handle(&mut dice), (1_000_000_000 + dice.below(9_000_000_000)).to_string());
    let picture = media::instagram_picture(&mut dice, run_at);
    json!({
        "id": (17_000_000_000_000_000 + dice.below(1_000_000_000_000_000)).to_string(),
        "text": words::text(&mut dice, 1), "ownerUsername": handle, "ownerProfilePicUrl": picture,
        "timestamp": at.iso(), "likesCount": dice.below(20), "repliesCount": 0, "replies": [],
        "owner": {"id": id, "is_verified": false, "profile_pic_url": picture, "username": handle},
    })
}

/// The members of an object.
pub(crate) fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Adds members, in place of those with the same name.
pub(crate) fn merge(into: &mut Value, more: Value) {
    if let Value::Object(map) = into {
        map.extend(fields(more));
    }
}

#[cfg(test)]
mod tests {
    use super::{id_of, short_code};

    #[test]
    fn codes_and_ids_give_each_other() {
        // A pair seen in public.
        assert_eq!(short_code(3_963_398_885_586_570_584), "DcA0kmWkQ1Y");
        for id in [1, 63, 64, 3_962_862_498_097_316_445, u64::MAX] {
            assert_eq!(id_of(&short_code(id)), Some(id));
        }
        for code in ["", "a b", "ZZZZZZZZZZZZ", "__________________"] {
            assert_eq!(id_of(code), None, "{code}");
        }
    }
}

//! Posts as the actors give them for X: the schema of apidojo and the one of kaitoeasyapi.
//!
//! Owns: field names, types and the facts measured on real outputs (long texts, escaped text, media, quotes, threads).
//! Must not know: which posts were asked for. Called by the actors' rows.

use serde_json::{Value, json};

use super::instagram::{fields, grown, merge};
use super::{Feed, Platform, Post, Universe, media, words};
use crate::clock::Millis;
use crate::dice::Dice;

/// Characters at which `fullText` of a long post is cut.
const CUT_AT: usize = 280;

/// Which of the two schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    Apidojo,
    Kaito,
}

/// What a post is; decides what else comes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Plain,
    Photo,
    Film,
    Quote,
    Reply,
    Retweet,
    Long,
}

/// Of each hundred posts: 40 plain, 20 with photos, 8 films, 10 quotes, 8 replies in a thread, 6 retweets, 8 long.
pub(crate) fn sort(post: Post) -> Sort {
    match post.dice().of("sort").below(100) {
        0..=39 => Sort::Plain,
        40..=59 => Sort::Photo,
        60..=67 => Sort::Film,
        68..=77 => Sort::Quote,
        78..=85 => Sort::Reply,
        86..=91 => Sort::Retweet,
        _ => Sort::Long,
    }
}

/// A post as an item.
pub(crate) fn item(
    universe: &Universe,
    feed: &Feed,
    post: Post,
    run_at: Millis,
    schema: Schema,
    term: Option<&str>,
) -> Value {
    let sort = sort(post);
    let mut item = core(feed, post, run_at, schema, sort);
    let handle = &feed.handle;
    let id = post.id.to_string();
    let mut more = json!({
        "url": format!("https://x.com/{handle}/status/{id}"),
        "twitterUrl": format!("https://twitter.com/{handle}/status/{id}"),
        "isReply": sort == Sort::Reply,
        "conversationId": id,
        "isRetweet": sort == Sort::Retweet,
        "isQuote": sort == Sort::Quote,
        "isConversationControlled": false,
    });
    let (quote, retweet) = match schema {
        Schema::Apidojo => ("quote", "retweet"),
        Schema::Kaito => ("quoted_tweet", "retweeted_tweet"),
    };
    if schema == Schema::Kaito {
        merge(&mut more, json!({"inReplyToId": Value::Null, quote: Value::Null, retweet: Value::Null}));
    }
    match sort {
        Sort::Reply => {
            // A thread: the account answers its own post before.
            let root = feed.post(post.number.saturating_sub(1));
            merge(
                &mut more,
                json!({
                    "conversationId": root.id.to_string(), "inReplyToId": root.id.to_string(),
                    "inReplyToUserId": feed.owner_id().to_string(), "inReplyToUsername": handle,
                }),
            );
        }
        Sort::Quote => {
            // Nested in a quote a post has fewer fields.
            let (other, quoted) = another(universe, post);
            let mut nested = fields(core(&other, quoted, run_at, schema, Sort::Plain));
            nested.remove("fullText");
            nested.remove("media");
            merge(&mut more, json!({"quoteId": quoted.id.to_string(), quote: nested}));
        }
        Sort::Retweet => {
            let (other, origin) = another(universe, post);
            let mut whole = core(&other, origin, run_at, schema, Sort::Plain);
            merge(
                &mut whole,
                json!({
                    "url": format!("https://x.com/{}/status/{}", other.handle, origin.id), "isRetweet": false,
                    "twitterUrl": format!("https://twitter.com/{}/status/{}", other.handle, origin.id),
                }),
            );
            let text =
                format!("RT @{}: {}", other.handle, whole.get("text").and_then(Value::as_str).unwrap_or_default());
            merge(&mut item, json!({"text": text, "fullText": text}));
            merge(&mut more, json!({retweet: whole}));
        }
        _ => {}
    }
    if let Some(term) = term {
        merge(&mut more, json!({"searchTerm": term}));
    }
    merge(&mut item, more);
    item
}

/// The post of another account that is quoted or passed on: published shortly before.
fn another(universe: &Universe, post: Post) -> (Feed, Post) {
    let mut dice = post.dice().of("another");
    let feed = universe.feed(Platform::X, &words::handle(&mut dice));
    let before = feed.count(post.at).saturating_sub(1);
    let found = feed.post(before);
    (feed, found)
}

/// What a quoted post has, too.
fn core(feed: &Feed, post: Post, run_at: Millis, schema: Schema, sort: Sort) -> Value {
    let mut dice = post.dice().of("body");
    let tags = words::tags(&mut dice);
    let mut text = escape(&words::text(&mut dice, if sort == Sort::Long { 400 } else { 30 }));
    let mut hashtags = Vec::new();
    if sort != Sort::Long {
        for tag in tags {
            let from = text.chars().count() + 1;
            text.push_str(&format!(" #{tag}"));
            hashtags.push(json!({"text": tag, "indices": [from, from + 1 + tag.len()]}));
        }
    }
    let attached = attached(feed, post, sort, &mut text, &mut dice);
    let pictures: Vec<&Value> = attached.iter().filter_map(|medium| medium.get("media_url_https")).collect();
    // The whole text of a long post stands in `text`; `fullText` is cut and ends in a link.
    let full = match sort {
        Sort::Long => format!("{}… {}", text.chars().take(CUT_AT).collect::<String>(), media::x_link(&mut dice)),
        _ => text.clone(),
    };
    let likes = grown(10 + dice.below(3_000), post.at, run_at);
    let mut entities = json!({"hashtags": hashtags, "symbols": [], "timestamps": [], "urls": [], "user_mentions": []});
    if !attached.is_empty() {
        merge(&mut entities, json!({"media": attached}));
    }
    let mut item = json!({
        "type": "tweet",
        "id": post.id.to_string(),
        "text": text,
        "fullText": full,
        "source": "Twitter for iPhone",
        "retweetCount": likes / 9,
        "replyCount": likes / 15,
        "likeCount": likes,
        "quoteCount": likes / 40,
        "viewCount": likes * 40 + 3,
        "bookmarkCount": likes / 20,
        "createdAt": post.at.format("%a %b %d %H:%M:%S +0000 %Y"),
        "lang": "en",
        "isPinned": false,
        "author": author(feed, run_at, schema),
        "extendedEntities": if attached.is_empty() { json!({}) } else { json!({"media": attached}) },
        "card": {},
        "place": {},
        "entities": entities,
        "media": pictures,
    });
    if dice.percent(60) {
        merge(&mut item, json!({"possiblySensitive": false}));
    }
    item
}

/// Photos or a film; their link goes to the end of the text.
fn attached(feed: &Feed, post: Post, sort: Sort, text: &mut String, dice: &mut Dice) -> Vec<Value> {
    let (count, kind) = match sort {
        Sort::Photo => (1 + dice.below(3), "photo"),
        Sort::Film if dice.percent(25) => (1, "animated_gif"),
        Sort::Film => (1, "video"),
        _ => return Vec::new(),
    };
    let link = media::x_link(dice);
    let from = text.chars().count() + 1;
    text.push_str(&format!(" {link}"));
    let indices = [from, from + link.len()];
    (0..count).map(|number| medium(feed, post, kind, number, &link, indices)).collect()
}

fn medium(feed: &Feed, post: Post, kind: &str, number: u64, link: &str, indices: [usize; 2]) -> Value {
    let mut dice = post.dice().of("medium").at(number);
    let id = post.id.saturating_sub(5_000_000 + number).to_string();
    let prefix = if kind == "photo" { 3 } else { 7 };
    let page = if kind == "photo" { "photo" } else { "video" };
    let size = json!({"h": 1_024, "w": 768, "resize": "fit"});
    let mut medium = json!({
        "display_url": link.replace("https://t.co", "pic.x.com"),
        "expanded_url": format!("https://x.com/{}/status/{}/{page}/{}", feed.handle, post.id, number + 1),
        "id_str": id, "indices": indices, "media_key": format!("{prefix}_{id}"),
        "media_url_https": media::x_picture(&mut dice), "type": kind, "url": link,
        "ext_media_availability": {"status": "Available"},
        "sizes": {"large": size, "medium": size, "small": size, "thumb": {"h": 150, "w": 150, "resize": "crop"}},
        "original_info": {"height": 2_048, "width": 1_536, "focus_rects": []},
        "media_results": {"result": {"media_key": format!("{prefix}_{id}")}},
    });
    if kind != "photo" {
        let path = format!("https://video.twimg.com/ext_tw_video/{id}/pu");
        let film = |rate: u64, width: u64| {
            json!({
                "bitrate": rate, "content_type": "video/mp4", "url": format!("{path}/vid/{width}/{}.mp4?tag=12", dice.at(rate).letters(12)),
            })
        };
        merge(
            &mut medium,
            json!({"video_info": {
                "aspect_ratio": [9, 16], "duration_millis": 4_000 + dice.at(1).below(90_000),
                "variants": [
                    {"content_type": "application/x-mpegURL", "url": format!("{path}/pl/{}.m3u8?tag=12", dice.at(2).letters(12))},
                    film(632_000, 320), film(2_176_000, 720), film(950_000, 480),
                ],
            }}),
        );
    }
    medium
}

fn author(feed: &Feed, run_at: Millis, schema: Schema) -> Value {
    let mut dice = feed.dice().of("account");
    let handle = &feed.handle;
    let followers = 50 + dice.below(500_000);
    let id = feed.owner_id().to_string();
    let mut author = json!({
        "type": "user",
        "userName": handle,
        "url": format!("https://x.com/{handle}"),
        "twitterUrl": format!("https://twitter.com/{handle}"),
        "id": id,
        "name": words::name(&mut dice),
        "isVerified": false,
        "isBlueVerified": dice.percent(30),
        "profilePicture": format!("https://pbs.twimg.com/profile_images/{id}/{}_normal.jpg", dice.letters(8)),
        "coverPicture": format!("https://pbs.twimg.com/profile_banners/{id}/{}", dice.below(2_000_000_000)),
        "description": escape(&words::text(&mut dice, 20)),
        "location": "Northern harbour",
        "followers": followers + grown(followers / 10, feed.post(0).at, run_at),
        "following": dice.below(5_000),
        "status": "",
        "canDm": dice.percent(50),
        "canMediaTag": true,
        "createdAt": "Mon Jun 08 16:22:16 +0000 2009",
        "entities": {"description": {"urls": []}},
        "fastFollowersCount": 0,
        "favouritesCount": dice.below(50_000),
        "hasCustomTimelines": false,
        "isTranslator": false,
        "mediaCount": dice.below(9_000),
        "statusesCount": 1_000 + feed.count(run_at),
        "withheldInCountries": [],
        "affiliatesHighlightedLabel": {},
        "possiblySensitive": false,
        "pinnedTweetIds": [],
    });
    if schema == Schema::Kaito {
        merge(&mut author, json!({"isAutomated": false, "automatedBy": Value::Null}));
    }
    author
}

/// As X escapes text: three characters.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

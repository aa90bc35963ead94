//! `normalize` of a page of 1,000 posts of X, in a fresh instance and natively.
//!
//! Owns: the page (made up, in the shape and with the share of long texts, media and quotes that real pages have), and the
//! two times, taken in turns so that what else the machine does meets both. Must not know: what else is measured.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate::plugins::{CallContext, Plugin};
use tidegate_core::contract::{ActorEnd, DatasetPage, Job, Page, PageContent};
use tidegate_core::time::UtcMillis;
use tidegate_plugin_kit::{self as kit, Plugin as _};
use tidegate_plugin_x::X;

/// Posts of the page.
const POSTS: u64 = 1_000;
/// Pages normalized each way, after a tenth of as many to warm up.
const PAGES: usize = 100;
/// The most bytes the contract puts into one page.
const PAGE_BYTES: usize = 4 << 20;
const ACTOR: &str = "apidojo/tweet-scraper";
const NOW: &str = "2026-11-21T23:04:05Z";

/// Times and speeds, as JSON.
pub(crate) async fn measure(plugin: &Plugin) -> Result<Value, String> {
    let elements: Vec<String> = (0..POSTS).map(|number| post(number).to_string()).collect();
    let bytes: usize = elements.iter().map(String::len).sum();
    if bytes > PAGE_BYTES {
        return Err(format!("{bytes} bytes are more than a page has"));
    }
    let (job, native_job) = (job(), native_job());
    let page = Page { state: None, content: PageContent::Dataset(dataset(&elements)), number: 0, extra: None };
    let native_page = kit::Page::dataset(None, kit::DatasetPage::whole(elements), 0);
    let cx = CallContext::at(UtcMillis::parse(NOW).unwrap_or_default());
    let (mut in_room, mut native) = (Vec::new(), Vec::new());
    for turn in 0..PAGES + PAGES / 10 {
        let began = Instant::now();
        let answer = plugin.normalize(&job, &page, &cx).await.map_err(|fault| fault.to_string())?;
        let batch = answer.value.map_err(|failure| failure.message)?;
        let items = batch.items.len();
        drop(batch);
        let room_time = began.elapsed();
        let began = Instant::now();
        let batch = X::normalize(&native_job, &native_page).map_err(|failure| failure.message)?;
        let native_items = batch.items.len();
        drop(batch);
        let native_time = began.elapsed();
        if items as u64 != POSTS || native_items as u64 != POSTS {
            return Err(format!("{items} items in the room and {native_items} natively, not {POSTS}"));
        }
        if turn >= PAGES / 10 {
            in_room.push(room_time);
            native.push(native_time);
        }
    }
    in_room.sort_unstable();
    native.sort_unstable();
    let (room_time, native_time) = (super::part(&in_room, 50.0), super::part(&native, 50.0));
    Ok(json!({
        "posts": POSTS,
        "bytes": bytes,
        "normalize_us": super::micros(room_time),
        "normalize_native_us": super::micros(native_time),
        "mb_per_s": speed(bytes, room_time),
        "native_mb_per_s": speed(bytes, native_time),
        "ratio": (native_time.as_secs_f64() / room_time.as_secs_f64() * 1e3).round() / 1e3,
    }))
}

/// In millions of bytes a second.
fn speed(bytes: usize, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few million bytes")]
    let megabytes = bytes as f64 / 1e6;
    (megabytes / time.as_secs_f64() * 10.0).round() / 10.0
}

fn dataset(elements: &[String]) -> DatasetPage {
    DatasetPage { elements: elements.to_vec(), offset: 0, more: false, ended: ActorEnd::Succeeded, extra: None }
}

fn job() -> Job {
    Job {
        kind: "search".to_owned(),
        identifier: "tides".to_owned(),
        overrides: "{}".to_owned(),
        watermark: None,
        max_items: 1_000,
        max_pages: 1,
        now: NOW.to_owned(),
        actor: Some(ACTOR.to_owned()),
        platform_id: None,
        extra: None,
    }
}

fn native_job() -> kit::Job {
    kit::Job {
        now: NOW.to_owned(),
        overrides: "{}".to_owned(),
        actor: Some(ACTOR.to_owned()),
        ..kit::Job::new("search", "tides")
    }
}

/// A post as apidojo's actors write it.
fn post(number: u64) -> Value {
    let id = (1_983_971_132_162_549_693 + number * 4_194_304_001).to_string();
    let handle = format!("gauge_{}", number % 40);
    let sentence = "The water rose by three feet &amp; fell again before the evening boat left for Harwich. ";
    let text = sentence.repeat(1 + usize::try_from(number % 10).unwrap_or_default() / 3 * 3);
    let cut: String = text.chars().take(270).collect();
    let media = if number % 5 < 2 { vec![medium(number)] } else { Vec::new() };
    let mut post = json!({
        "type": "tweet", "id": id, "url": format!("https://x.com/{handle}/status/{id}"),
        "twitterUrl": format!("https://twitter.com/{handle}/status/{id}"),
        "text": text, "fullText": cut, "source": "Twitter for iPhone", "retweetCount": 918, "replyCount": 179,
        "likeCount": 1269 + number, "quoteCount": 57, "viewCount": 55480, "createdAt": "Thu Oct 30 18:55:52 +0000 2025",
        "lang": "en", "bookmarkCount": 40, "isReply": number.is_multiple_of(6), "conversationId": id, "possiblySensitive": false,
        "isPinned": false, "author": author(&handle, number), "extendedEntities": {}, "card": {}, "place": {},
        "entities": {
            "hashtags": [{ "indices": [67, 81], "text": "Tides" }], "symbols": [], "timestamps": [],
            "urls": [{ "display_url": "gauge.example/harwich", "expanded_url": "https://www.gauge.example/harwich",
                "url": "https://t.co/oflkgrceem", "indices": [264, 287] }],
            "user_mentions": [{ "id_str": "9242909996", "name": "Harbour", "screen_name": "harbour", "indices": [3, 13] }]
        },
        "isRetweet": false, "isQuote": number.is_multiple_of(4), "media": [], "isConversationControlled": false,
        "searchTerm": "tides lang:en since:2025-10-26 until:2025-10-31"
    });
    if !media.is_empty() {
        post["extendedEntities"] = json!({ "media": media });
        post["entities"]["media"] = json!(media);
        post["media"] = json!([media[0]["media_url_https"]]);
    }
    if number.is_multiple_of(4) {
        post["quoteId"] = json!("1983348350719547805");
        post["quote"] = json!({
            "type": "tweet", "id": "1983348350719547805", "text": sentence.repeat(3), "retweetCount": 14, "likeCount": 293,
            "createdAt": "Wed Oct 29 01:41:10 +0000 2025", "author": author("harbour", 7), "entities": {}, "card": {}
        });
    }
    post
}

fn author(handle: &str, number: u64) -> Value {
    json!({
        "type": "user", "userName": handle, "url": format!("https://x.com/{handle}"),
        "twitterUrl": format!("https://twitter.com/{handle}"), "id": (50_951_207 + number).to_string(), "name": "Tide Gauge",
        "isVerified": false, "isBlueVerified": true,
        "profilePicture": "https://pbs.example/profile_images/1351901437171929063/mFhnNd-O_normal.jpg",
        "coverPicture": "https://pbs.example/profile_banners/50951207/3478603576",
        "description": "High and low water, twice a day.\nReadings: https://t.co/IJ9aCTAskp", "location": "Harwich",
        "followers": 1_221_590, "following": 451, "status": "", "canDm": false, "canMediaTag": true,
        "createdAt": "Mon Jun 08 16:22:16 +0000 2009",
        "entities": { "description": { "urls": [{ "display_url": "gauge.example", "expanded_url": "https://gauge.example",
            "url": "https://t.co/IJ9aCTAskp", "indices": [97, 120] }] } },
        "fastFollowersCount": 0, "favouritesCount": 458, "hasCustomTimelines": false, "isTranslator": false,
        "mediaCount": 4888, "statusesCount": 46487, "withheldInCountries": [], "affiliatesHighlightedLabel": {},
        "possiblySensitive": false, "pinnedTweetIds": ["1246731555476451474"]
    })
}

fn medium(number: u64) -> Value {
    let id = (1_983_919_616_217_392_939 + number).to_string();
    let file =
        |rate: u64| format!("https://video.example/ext_tw_video/{id}/pu/vid/avc1/{rate}/_BYmk0Jk0tF-Drop.mp4?tag=12");
    let size = |w: u64, h: u64, resize: &str| json!({ "h": h, "w": w, "resize": resize });
    json!({
        "display_url": "pic.example/7zOzpQgXaJ", "expanded_url": format!("https://x.com/gauge/status/{id}/video/1"),
        "id_str": id, "indices": [136, 159], "media_key": format!("7_{id}"),
        "media_url_https": format!("https://pbs.example/ext_tw_video_thumb/{id}/pu/img/j_K7aCKUQ8F4vS6v.jpg"),
        "type": "video", "url": "https://t.co/7zOzpQgXaJ", "additional_media_info": { "monetizable": false },
        "ext_media_availability": { "status": "Available" },
        "sizes": { "large": size(720, 900, "fit"), "medium": size(720, 900, "fit"), "small": size(544, 680, "fit"),
            "thumb": size(150, 150, "crop") },
        "original_info": { "height": 900, "width": 720, "focus_rects": [] },
        "video_info": { "aspect_ratio": [4, 5], "duration_millis": 43051, "variants": [
            { "content_type": "application/x-mpegURL", "url": format!("https://video.example/{id}/pl/tW2sUM31gEOIdpvr.m3u8") },
            { "bitrate": 632_000, "content_type": "video/mp4", "url": file(632) },
            { "bitrate": 950_000, "content_type": "video/mp4", "url": file(950) },
            { "bitrate": 2_176_000, "content_type": "video/mp4", "url": file(2176) } ] },
        "media_results": { "result": { "media_key": format!("7_{id}") } }
    })
}

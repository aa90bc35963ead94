//! Recorded outputs of actors through the shipped components: what follows from the platforms' own rules must hold for
//! every element, and none may go uncounted.
//!
//! The recordings lie beside the checkout, in `../shared/data/apify`; without them the test says so and passes. The
//! judging is done on the raw elements by code of its own, not by the plugins'.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::allow_attributes,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidegate_core::contract::{ActorEnd, DatasetPage, Job, Page, PageContent};
use tidegate_tests::component::Component;

/// A recording, and the job that would have asked for it.
struct Sample {
    path: PathBuf,
    elements: Vec<Value>,
    job: Job,
}

const NOW: &str = "2026-11-21T12:00:00Z";
const KAITO: &str = "kaitoeasyapi/twitter-x-data-tweet-scraper-pay-per-result-cheapest";

#[test]
fn samples_of_x() {
    let component = Component::load("x").unwrap();
    for sample in samples(|folder, file| {
        let actor = match folder {
            "apidojo-tweet-scraper" => "apidojo/tweet-scraper",
            "reported-shapes" if file.starts_with("x-kaito") => KAITO,
            "reported-shapes" if file.starts_with("x-") => "apidojo/tweet-scraper",
            _ => return None,
        };
        Some(("search", actor))
    }) {
        let batch = normalized(&component, &sample);
        counted(&sample, &batch);
        for item in list(&batch, "items") {
            let raw = raw_of(&sample, item);
            x_item(&sample, raw, item);
        }
        if sample.path.to_string_lossy().contains("apidojo-tweet-scraper") {
            assert_eq!(list(&batch, "items").len(), sample.elements.len(), "{}", sample.path.display());
        }
    }
}

#[test]
fn samples_of_instagram() {
    let component = Component::load("instagram").unwrap();
    for sample in samples(|folder, file| {
        let actor = match folder {
            "apify-instagram-api-scraper" => "apify/instagram-api-scraper",
            "apify-instagram-post-scraper" => "apify/instagram-post-scraper",
            "apify-instagram-profile-scraper" => "apify/instagram-profile-scraper",
            "other-actor-sones-instagram" => "sones/instagram-posts-scraper-lowcost",
            "reported-shapes" if file.starts_with("instagram-") => "apify/instagram-api-scraper",
            _ => return None,
        };
        let kind = match file {
            "post-by-url.json" | "not-found-post.json" => "post",
            _ if folder.contains("profile") || file.starts_with("profile") => "profile",
            _ => "account",
        };
        Some((kind, actor))
    }) {
        let batch = normalized(&component, &sample);
        counted(&sample, &batch);
        for item in list(&batch, "items") {
            let raw = raw_of(&sample, item);
            instagram_item(&sample, raw, item);
        }
        outcome_of_instagram(&sample, &batch);
    }
}

/// The recordings for which `job` has a kind and an actor.
fn samples(job: impl Fn(&str, &str) -> Option<(&'static str, &'static str)>) -> Vec<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/apify");
    let Ok(folders) = std::fs::read_dir(&root) else {
        eprintln!("skipped: there are no recordings of actors beside the checkout (../shared/data/apify)");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = folders
        .flatten()
        .filter_map(|folder| std::fs::read_dir(folder.path()).ok())
        .flat_map(|files| files.flatten().map(|file| file.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut samples = Vec::new();
    for path in files {
        let folder = path.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((kind, actor)) = job(&folder, &file) else { continue };
        let elements: Vec<Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let identifier = identifier(kind, &elements);
        samples.push(Sample { job: asked(kind, &identifier, actor), path, elements });
    }
    assert!(samples.len() >= 5, "the recordings are not where they were: {} found", samples.len());
    samples
}

/// The source that was asked for: the handle most elements are about; a search for anything.
fn identifier(kind: &str, elements: &[Value]) -> String {
    if kind == "search" {
        return "anything".to_owned();
    }
    if kind == "post" {
        return elements[0]["url"].as_str().unwrap().to_owned();
    }
    let text = |element: &Value, name: &str| element[name].as_str().map(str::to_owned);
    let handle = |element: &Value| {
        let url = text(element, "inputUrl").filter(|url| !url.contains("/p/")).or(text(element, "url"));
        let of_url = url.filter(|url| !url.contains("/p/")).map(|url| url.trim_end_matches('/').to_owned());
        let of_url = of_url.and_then(|url| url.rsplit('/').next().map(str::to_owned));
        let names = ["scraped_username", "ownerUsername", "username"];
        of_url.or_else(|| names.iter().find_map(|name| text(element, name))).filter(|handle| handle != "p")
    };
    let handles: Vec<String> = elements.iter().filter_map(handle).collect();
    let often = |handle: &&String| handles.iter().filter(|other| other == handle).count();
    handles.iter().rev().max_by_key(often).cloned().unwrap_or_else(|| "nobody".to_owned()).to_lowercase()
}

fn asked(kind: &str, identifier: &str, actor: &str) -> Job {
    Job {
        kind: kind.to_owned(),
        identifier: identifier.to_owned(),
        overrides: "{}".to_owned(),
        watermark: None,
        max_items: 100,
        max_pages: 1,
        now: NOW.to_owned(),
        actor: Some(actor.to_owned()),
        platform_id: None,
        extra: None,
    }
}

/// The whole recording as one page, and again as pages of three: both must give the same items.
fn normalized(component: &Component, sample: &Sample) -> Value {
    let texts: Vec<String> = sample.elements.iter().map(Value::to_string).collect();
    let whole = page(component, sample, &texts, 0, false, None);
    let (mut items, mut state) = (Vec::new(), None);
    for (number, part) in (0_u32..).zip(texts.chunks(3)) {
        let offset = number * 3;
        let batch = page(component, sample, part, offset, offset as usize + part.len() < texts.len(), state);
        for item in list(&batch, "items") {
            let mut item = item.clone();
            item["element"] = json!(item["element"].as_u64().unwrap() + u64::from(offset));
            items.push(item);
        }
        if offset as usize + part.len() == texts.len() {
            assert_eq!(
                (&batch["outcome"], &batch["watermark"]),
                (&whole["outcome"], &whole["watermark"]),
                "{}",
                sample.path.display()
            );
        }
        state = batch["state"].as_str().map(str::to_owned);
    }
    assert_eq!(&items, list(&whole, "items"), "{}", sample.path.display());
    whole
}

fn page(
    component: &Component,
    sample: &Sample,
    elements: &[String],
    offset: u32,
    more: bool,
    state: Option<String>,
) -> Value {
    let ended = if more { ActorEnd::Running } else { ActorEnd::Succeeded };
    let dataset = DatasetPage { elements: elements.to_vec(), offset, more, ended, extra: None };
    let page = Page { state, content: PageContent::Dataset(dataset), number: offset / 3, extra: None };
    component.accepted(&sample.job, &page).unwrap_or_else(|why| panic!("{}: {why}", sample.path.display()))
}

fn list<'v>(value: &'v Value, name: &str) -> &'v Vec<Value> {
    value[name].as_array().unwrap()
}

fn raw_of<'s>(sample: &'s Sample, item: &Value) -> &'s Value {
    &sample.elements[usize::try_from(item["element"].as_u64().unwrap()).unwrap()]
}

/// Every element is an item, a filler, a reject, left out, or said something about the source.
fn counted(sample: &Sample, batch: &Value) {
    let of_elements =
        |name: &str| list(batch, name).iter().map(|one| one["element"].as_u64().unwrap()).collect::<Vec<_>>();
    let seen: BTreeSet<u64> = of_elements("items").into_iter().chain(of_elements("rejects")).collect();
    let extra: Value = batch["extra"].as_str().map(|extra| serde_json::from_str(extra).unwrap()).unwrap_or_default();
    let said: u64 = ["left_out", "outcomes", "profiles"].iter().filter_map(|name| extra[name].as_u64()).sum();
    let all = seen.len() as u64 + batch["fillers"].as_u64().unwrap() + said;
    assert_eq!(all, sample.elements.len() as u64, "{}: {batch:#}", sample.path.display());
    assert_eq!(of_elements("rejects"), Vec::<u64>::new(), "{}", sample.path.display());
}

fn metric(item: &Value, name: &str) -> Option<f64> {
    list(item, "metrics").iter().find(|metric| metric["name"] == name).and_then(|metric| metric["value"].as_f64())
}

fn metrics(item: &Value, raw: &Value, names: &[(&str, &str)]) {
    for (name, field) in names {
        let expected = raw[field].as_f64().filter(|value| *value >= 0.0);
        assert_eq!(metric(item, name), expected, "{name} of {}", item["external_id"]);
    }
}

/// Seconds since 1970 of a time that ends in "Z".
fn seconds(time: &Value) -> i64 {
    tidegate_core::time::UtcMillis::parse(time.as_str().unwrap()).unwrap().as_millis() / 1_000
}

fn reference<'v>(item: &'v Value, relation: &str) -> Option<&'v str> {
    let found = list(item, "references").iter().find(|reference| reference["relation"] == relation)?;
    found["external_id"].as_str()
}

fn x_item(sample: &Sample, raw: &Value, item: &Value) {
    let at = format!("{} {}", sample.path.display(), raw["id"]);
    assert_eq!(item["external_id"], raw["id"], "{at}");
    assert_eq!(item["url"], raw["url"], "{at}");
    let id: u64 = item["external_id"].as_str().unwrap().parse().unwrap();
    let made = i64::try_from((id >> 22) + 1_288_834_974_657).unwrap() / 1_000;
    assert!((seconds(&item["published_at"]) - made).abs() <= 1, "{at}");
    let kind = match (&raw["isRetweet"], &raw["isReply"], &raw["isQuote"]) {
        (Value::Bool(true), ..) => "retweet",
        (_, Value::Bool(true), _) => "reply",
        (.., Value::Bool(true)) => "quote",
        _ => "post",
    };
    assert_eq!(item["kind"], kind, "{at}");
    metrics(
        item,
        raw,
        &[
            ("likes", "likeCount"),
            ("comments", "replyCount"),
            ("shares", "retweetCount"),
            ("quotes", "quoteCount"),
            ("views", "viewCount"),
            ("bookmarks", "bookmarkCount"),
        ],
    );
    let author = &item["authors"][0];
    assert_eq!((&author["handle"], &author["id"]), (&raw["author"]["userName"], &raw["author"]["id"]), "{at}");
    let text = item["text"].as_str().unwrap();
    let plain = |name: &str| {
        raw[name].as_str().unwrap_or_default().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    };
    let longest = [plain("fullText"), plain("text")].into_iter().max_by_key(String::len).unwrap();
    assert!(longest.starts_with(text), "{at}: {text}");
    assert!(longest.len() - text.len() <= 30, "{at}: only a short link is taken away");
    let none = Vec::new();
    let media = raw["extendedEntities"]["media"].as_array().unwrap_or(&none);
    let files: Vec<&Value> = media.iter().map(best).collect();
    assert_eq!(list(item, "media").iter().map(|one| &one["url"]).collect::<Vec<_>>(), files, "{at}");
    assert!(media.iter().all(|one| !text.ends_with(one["url"].as_str().unwrap())), "{at}: own media's link stays");
    for (relation, id) in
        [("in-reply-to", &raw["inReplyToId"]), ("quoted", &raw["quoteId"]), ("reposted", &raw["retweet"]["id"])]
    {
        assert_eq!(reference(item, relation), id.as_str(), "{at}: {relation}");
    }
    let root = raw["conversationId"].as_str().filter(|root| Some(*root) != raw["id"].as_str());
    assert_eq!(reference(item, "thread-root"), root, "{at}");
}

/// The picture, or the file with the highest bit rate.
fn best(medium: &Value) -> &Value {
    let none = Vec::new();
    let variants = medium["video_info"]["variants"].as_array().unwrap_or(&none);
    let files = variants.iter().filter(|variant| variant["content_type"] == "video/mp4");
    match files.max_by_key(|variant| variant["bitrate"].as_u64().unwrap_or_default()) {
        Some(file) => medium["video_info"]["variants"]
            .as_array()
            .and_then(|variants| variants.iter().find(|variant| *variant == file))
            .map_or(&Value::Null, |file| &file["url"]),
        None => &medium["media_url_https"],
    }
}

fn decoded(code: &str) -> u64 {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    code.chars().fold(0, |id, letter| id * 64 + LETTERS.find(letter).unwrap() as u64)
}

fn instagram_item(sample: &Sample, raw: &Value, item: &Value) {
    let at = format!("{} {}", sample.path.display(), item["external_id"]);
    let code = item["url"].as_str().unwrap().trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
    assert_eq!(item["external_id"], decoded(&code).to_string(), "{at}");
    for name in ["pk", "id", "shortCode", "code"] {
        let Some(text) = raw[name].as_str().filter(|text| !text.contains('_') || name != "id") else { continue };
        let expected = if name == "pk" || name == "id" { &item["external_id"] } else { &json!(code) };
        assert_eq!(text, expected.as_str().unwrap(), "{at}: {name}");
    }
    assert!(metric(item, "likes").is_none_or(|likes| likes >= 0.0), "{at}");
    if raw["taken_at"].is_null() {
        let all = [
            ("likes", "likesCount"),
            ("comments", "commentsCount"),
            ("views", "videoViewCount"),
            ("plays", "videoPlayCount"),
        ];
        metrics(item, raw, &all);
        assert_eq!(seconds(&item["published_at"]), seconds(&raw["timestamp"]), "{at}");
        assert_eq!(item["text"], raw["caption"], "{at}");
        assert_eq!(item["authors"][0]["handle"], raw["ownerUsername"], "{at}");
        let kind = match (raw["type"].as_str(), raw["productType"].as_str()) {
            (Some("Video"), Some("clips")) => "reel",
            (Some("Video"), _) => "video",
            (Some("Sidecar"), _) => "album",
            (Some("Image"), _) => "image",
            _ => "post",
        };
        assert_eq!(item["kind"], kind, "{at}");
    } else {
        metrics(item, raw, &[("likes", "like_count"), ("comments", "comment_count"), ("plays", "play_count")]);
        assert_eq!(Some(seconds(&item["published_at"])), raw["taken_at"].as_i64(), "{at}");
        assert_eq!(item["authors"][0]["handle"], raw["user"]["username"], "{at}");
    }
    let urls: Vec<&str> = list(item, "media").iter().filter_map(|one| one["url"].as_str()).collect();
    assert_eq!(urls, files(raw), "{at}");
    for medium in list(item, "media") {
        let signed = medium["url"].as_str().unwrap().split(['?', '&']).find_map(|part| part.strip_prefix("oe="));
        let ends = signed.map(|hex| i64::from_str_radix(hex, 16).unwrap());
        assert_eq!((!medium["expires_at"].is_null()).then(|| seconds(&medium["expires_at"])), ends, "{at}");
    }
}

/// The URLs of a post's media in order, by the rule of the mapping table.
fn files(raw: &Value) -> Vec<&str> {
    let file = |one: &'_ Value| -> Option<String> {
        let names = ["videoUrl", "video_url", "displayUrl", "image_url"];
        names.iter().find_map(|name| one[name].as_str()).map(str::to_owned)
    };
    let children =
        raw["childPosts"].as_array().or(raw["carousel_media"].as_array()).filter(|children| !children.is_empty());
    let wanted: Vec<String> = match (children, raw["images"].as_array().filter(|images| !images.is_empty())) {
        (Some(children), _) => children.iter().filter_map(file).collect(),
        (None, Some(images)) => images.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        (None, None) => file(raw).into_iter().collect(),
    };
    // Borrowed from the element again, so that the comparison shows what differs.
    wanted.iter().filter_map(|url| find(raw, url)).collect()
}

fn find<'v>(value: &'v Value, text: &str) -> Option<&'v str> {
    match value {
        Value::String(found) if found == text => Some(found),
        Value::Array(values) => values.iter().find_map(|value| find(value, text)),
        Value::Object(members) => members.values().find_map(|value| find(value, text)),
        _ => None,
    }
}

/// Error rows give the outcome of the table and never content.
fn outcome_of_instagram(sample: &Sample, batch: &Value) {
    let at = sample.path.display().to_string();
    for item in list(batch, "items") {
        assert!(raw_of(sample, item)["error"].is_null(), "{at}: content made from an error row");
    }
    let errors: Vec<&Value> = sample.elements.iter().filter(|element| !element["error"].is_null()).collect();
    if errors.len() < sample.elements.len() || errors.is_empty() {
        return;
    }
    let blocked =
        errors.iter().any(|row| row["requestErrorMessages"].as_array().is_some_and(|texts| !texts.is_empty()));
    let expected = match errors[0]["error"].as_str().unwrap() {
        "not_found" => "not-found",
        "no_items" if blocked => "blocked",
        "no_items" => "private-or-empty",
        _ => "unknown-error",
    };
    assert_eq!(batch["outcome"]["status"], expected, "{at}");
}

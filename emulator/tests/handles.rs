//! Generated content: special handles give every outcome, and what is given is what was published.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::allow_attributes,
    dead_code,
    reason = "tests"
)]

mod client;

use std::collections::BTreeSet;

use apify_emulator::{Account, Millis, Options, Platform};
use client::{BY_URL, Lab, TWEETS};
use serde_json::{Value, json};

const KAITO: &str = "kaitoeasyapi~twitter-x-data-tweet-scraper-pay-per-result-cheapest";
const POSTS: &str = "apify~instagram-post-scraper";

fn bring(lab: &Lab, actor: &str, input: &Value) -> (Value, Vec<Value>) {
    let answer = lab.start(actor, "", input);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let id = answer.json()["data"]["id"].as_str().unwrap().to_owned();
    lab.seconds(800);
    (lab.run(&id), lab.items(&id, "").json().as_array().unwrap().clone())
}

fn posts(lab: &Lab, handle: &str) -> (Value, Vec<Value>) {
    bring(lab, POSTS, &json!({"username": [handle], "resultsLimit": 10, "skipPinnedPosts": true}))
}

fn tweets(lab: &Lab, handle: &str) -> (Value, Vec<Value>) {
    bring(lab, TWEETS, &json!({"searchTerms": [format!("from:{handle}")], "maxItems": 10}))
}

#[test]
fn special_handles_give_their_outcome() {
    let lab = Lab::by_hand();
    let first = |items: &[Value], key: &str| items.first().map(|item| item[key].clone()).unwrap_or_default();
    let private = posts(&lab, "private_bay").1;
    assert_eq!(
        (private.len(), first(&private, "error"), first(&private, "requestErrorMessages")),
        (1, json!("no_items"), json!([]))
    );
    let missing = posts(&lab, "missing_bay").1;
    assert_eq!(
        (missing.len(), first(&missing, "error"), first(&missing, "username")),
        (1, json!("not_found"), json!("missing_bay"))
    );
    let blocked = posts(&lab, "blocked_bay").1;
    assert!(
        first(&blocked, "error") == "no_items"
            && first(&blocked, "requestErrorMessages")[0].as_str().unwrap().contains("blocked")
    );
    assert_eq!((posts(&lab, "empty_bay").1.len(), posts(&lab, "noresults_bay").1.len()), (0, 0));
    let failing = posts(&lab, "failing_bay");
    assert_eq!((failing.0["status"].as_str(), failing.1.len()), (Some("FAILED"), 5));
    assert_eq!(
        (posts(&lab, "timingout_bay").0["status"].as_str(), posts(&lab, "drift_bay").1[0]["id"].is_u64()),
        (Some("TIMED-OUT"), true)
    );
    for (handle, key) in
        [("noresults_a", "noResults"), ("private_a", "noResults"), ("missing_a", "noResults"), ("demo_a", "demo")]
    {
        let rows = tweets(&lab, handle).1;
        assert!(!rows.is_empty() && rows.iter().all(|row| row[key] == true), "{handle}");
    }
    assert_eq!(tweets(&lab, "empty_a").1.len(), 0);
    let mocked = bring(&lab, KAITO, &json!({"searchTerms": ["from:mock_a"], "maxItems": 6})).1;
    assert!(mocked.len() == 15 && mocked.iter().all(|row| row["id"] == -1));
    // Whole pages, whatever was asked.
    assert_eq!(bring(&lab, KAITO, &json!({"searchTerms": ["from:harbour"], "maxItems": 6})).1.len(), 20);
    let profile = bring(&lab, "apify~instagram-profile-scraper", &json!({"usernames": ["private_bay", "harbour"]})).1;
    assert_eq!(
        (&profile[0]["private"], &profile[0]["latestPosts"], &profile[1]["private"]),
        (&json!(true), &json!([]), &json!(false))
    );
    assert_eq!(profile[1]["latestPosts"].as_array().unwrap().len(), 12);
    let free = Lab::new(Options { account: Account { free_plan: true, ..Account::default() }, ..Options::by_hand() });
    assert!(tweets(&free, "harbour").1.iter().all(|row| row["demo"] == true));
}

#[test]
fn everything_published_is_given_and_grows() {
    let lab = Lab::by_hand();
    let at = lab.emulator.now();
    let since = at.after(-3 * 86_400_000);
    for (platform, actor, input) in [
        (
            Platform::Instagram,
            POSTS,
            json!({"username": ["@Harbour"], "resultsLimit": 200, "skipPinnedPosts": true, "onlyPostsNewerThan": since.after(-1).iso()}),
        ),
        (Platform::X, TWEETS, json!({"twitterHandles": ["harbour"], "maxItems": 1_000, "start": since.iso()})),
    ] {
        let at = lab.emulator.now();
        let wanted: BTreeSet<String> =
            lab.emulator.published_since(platform, "harbour", since, at).into_iter().collect();
        let (_, items) = bring(&lab, actor, &input);
        let got: BTreeSet<String> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        assert!(wanted.len() >= 12, "{}", wanted.len());
        assert_eq!(got, wanted);
        let (_, later) = bring(&lab, actor, &input);
        assert!(later.len() >= items.len());
        let likes = |items: &[Value]| {
            items
                .iter()
                .filter(|item| got.contains(item["id"].as_str().unwrap()))
                .map(|item| item["likesCount"].as_i64().or(item["likeCount"].as_i64()).unwrap())
                .sum::<i64>()
        };
        assert!(likes(&later) > likes(&items));
    }
}

#[test]
fn ids_times_and_codes_agree() {
    let lab = Lab::by_hand();
    for item in tweets(&lab, "harbour").1.into_iter().chain(tweets(&lab, "lighthouse").1) {
        let id: i64 = item["id"].as_str().unwrap().parse().unwrap();
        let at = Millis((id >> 22) + 1_288_834_974_657).iso();
        let created = item["createdAt"].as_str().unwrap();
        assert!(created.contains(&at[11..19]), "{at} {created}");
        if item["isQuote"] == true {
            assert_eq!(item["quoteId"], item["quote"]["id"]);
            assert!(item["quote"].get("fullText").is_none(), "a nested post has fewer fields");
        }
        assert_eq!(
            (item["isReply"] == true, item["isRetweet"] == true),
            (item.get("inReplyToId").is_some(), item.get("retweet").is_some())
        );
        let photos = item["media"].as_array().unwrap().len();
        assert_eq!(photos, item["extendedEntities"]["media"].as_array().map_or(0, Vec::len));
    }
    let input =
        json!({"directUrls": ["https://www.instagram.com/harbour/"], "resultsLimit": 60, "resultsType": "posts"});
    let items = bring(&lab, BY_URL, &input).1;
    let kinds: BTreeSet<&str> = items.iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["Image", "Sidecar", "Video"]));
    let times: Vec<&str> = items.iter().map(|item| item["timestamp"].as_str().unwrap()).collect();
    assert!(!times.iter().rev().is_sorted(), "details come in any order");
    assert!(items.iter().any(|item| item["ownerUsername"] != "harbour"), "co-authored posts are there");
    for item in &items {
        let url = format!("https://www.instagram.com/p/{}/", item["shortCode"].as_str().unwrap());
        assert!(item["url"] == json!(url) && item["inputUrl"] == "https://www.instagram.com/harbour/");
        assert_eq!(item["type"] == "Sidecar", !item["childPosts"].as_array().unwrap().is_empty());
        let by_url = bring(&lab, BY_URL, &json!({"directUrls": [url], "resultsType": "posts"})).1;
        assert_eq!((by_url.len(), &by_url[0]["id"]), (1, &item["id"]));
        if item == &items[2] {
            break;
        }
    }
    let nothing = bring(&lab, BY_URL, &json!({"directUrls": ["https://www.instagram.com/p/__________9/"]})).1;
    assert_eq!((nothing[0]["error"].as_str(), nothing[0]["username"].as_str()), (Some("not_found"), Some("p")));
}

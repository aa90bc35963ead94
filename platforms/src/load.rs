//! Many feeds for benches: every byte made at the start, so that the measured side and not this one does the work.
//!
//! Owns: the generator and the ready answer. Called by [`crate::Script::load`].
//!
//! An item has about 1.2 KB: title, link, guid, date, author, two categories and three paragraphs of HTML with links, an
//! image and a list, escaped as most feeds escape it.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use jiff::{SignedDuration, Timestamp};

use crate::formats::{Channel, Entry, Format};
use crate::script::{Behaviour, Listing};
use crate::site::{Harbour, Route, Serves, Site, empty, put};
use crate::validators::{self, Validators, http_date};

/// When the newest item of every load feed came out: 2026-11-01T06:00:00Z.
const NEWEST: Timestamp = Timestamp::constant(1_793_512_800, 0);

const WORDS: [&str; 64] = [
    "tide", "harbour", "wind", "quay", "lantern", "rope", "gull", "channel", "slack", "anchor", "ledger", "morning",
    "salt", "pilot", "chart", "buoy", "current", "ferry", "dune", "reed", "mussel", "hull", "keel", "signal", "north",
    "shallow", "cargo", "winter", "letter", "window", "ladder", "island", "weather", "copper", "market", "bridge",
    "was", "is", "and", "of", "the", "under", "over", "between", "before", "after", "slowly", "again", "with", "near",
    "small", "grey", "bright", "old", "quiet", "long", "counts", "turns", "carries", "waits", "rises", "falls",
    "keeps", "leaves",
];

/// Bytes that are ready, with their headers in both forms.
pub(crate) struct Ready {
    body: Bytes,
    etag: String,
    /// `Content-Type` alone: validators are switched off.
    plain: HeaderMap,
    /// With `ETag` and `Last-Modified`.
    validated: HeaderMap,
    /// `ETag` and `Last-Modified` alone, for a 304.
    only_validators: HeaderMap,
}

impl Ready {
    fn new(body: String, etag: String, modified: Timestamp) -> Self {
        let mut plain = HeaderMap::new();
        plain.insert(header::CONTENT_TYPE, HeaderValue::from_static(Format::Rss.media_type()));
        let mut only_validators = HeaderMap::new();
        put(&mut only_validators, header::ETAG, &etag);
        put(&mut only_validators, header::LAST_MODIFIED, &http_date(modified));
        let mut validated = only_validators.clone();
        validated.extend(plain.clone());
        Self { body: Bytes::from(body), etag, plain, validated, only_validators }
    }

    pub(crate) fn answer(&self, request: &HeaderMap, with_validators: bool) -> Response<Full<Bytes>> {
        let current = Validators { etag: &self.etag, modified: NEWEST };
        if with_validators && validators::current(request, &current) {
            let mut response = empty(StatusCode::NOT_MODIFIED);
            response.headers_mut().clone_from(&self.only_validators);
            return response;
        }
        let mut response = Response::new(Full::new(self.body.clone()));
        response.headers_mut().clone_from(if with_validators { &self.validated } else { &self.plain });
        response
    }
}

pub(crate) fn site(feeds: usize, items: usize, seed: u64) -> Site {
    let mut site = Site::default();
    for feed in 0..feeds {
        let path = format!("/load/{feed:05}.xml");
        let body = document(&path, feed, items, seed);
        let etag = format!("\"load-{seed:x}-{feed}-{items}\"");
        site.list(Listing::new(&path, &format!("Load feed {feed}"), Behaviour::Still), Harbour::Main);
        site.add(path, Route::prompt(Serves::Ready(Ready::new(body, etag, NEWEST))));
    }
    site
}

fn document(path: &str, feed: usize, items: usize, seed: u64) -> String {
    let mut dice = Dice(seed ^ (feed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let home = format!("https://load-{feed}.example");
    let entries = (0..items).map(|item| entry(&mut dice, &home, items - item, item)).collect();
    let channel = Channel {
        title: format!("Load feed {feed}: {}", dice.words(3)),
        about: dice.words(12),
        own: format!("{home}{path}"),
        home,
        author: format!("{} {}", dice.name(), dice.name()),
        updated: NEWEST,
        entries,
    };
    Format::Rss.write(&channel)
}

/// Item `number`, the newest having the highest; `behind` items are newer.
fn entry(dice: &mut Dice, home: &str, number: usize, behind: usize) -> Entry {
    let age = SignedDuration::from_mins(i64::try_from(behind).unwrap_or(0).saturating_mul(47));
    Entry {
        id: format!("{home}/?p={number}"),
        link: format!("{home}/2026/{number}-{}.html", dice.words(3).replace(' ', "-")),
        title: format!("{} {}", dice.name(), dice.words(6)),
        html: html(dice, home),
        author: dice.name(),
        published: NEWEST.checked_sub(age).unwrap_or(NEWEST),
        tags: vec![dice.words(1), dice.words(1)],
    }
}

fn html(dice: &mut Dice, home: &str) -> String {
    let (first, second, third) = (dice.words(28), dice.words(22), dice.words(20));
    let (anchor, alt, one, two) = (dice.words(2), dice.words(3), dice.words(4), dice.words(5));
    let number = dice.next() % 100_000;
    format!(
        "<p>{first} <a href=\"{home}/about/{number}?from=feed&amp;n=1\">{anchor}</a>.</p>\n\
         <p><img src=\"/images/{number}.jpg\" alt=\"{alt}\" width=\"640\" height=\"480\"> {second} &mdash; \
         <em>{one}</em>.</p>\n<ul><li>{one}</li><li>{two}</li></ul>\n<p>{third}, <strong>{two}</strong>.</p>"
    )
}

/// SplitMix64: small, fast, and the same everywhere. <https://prng.di.unimi.it/splitmix64.c>
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn word(&mut self) -> &'static str {
        let at = usize::try_from(self.next() % WORDS.len() as u64).unwrap_or(0);
        WORDS.get(at).copied().unwrap_or("tide")
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    /// A word with a capital.
    fn name(&mut self) -> String {
        let word = self.word();
        let (head, tail) = word.split_at(1);
        head.to_uppercase() + tail
    }
}

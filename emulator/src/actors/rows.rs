//! The rows of a dataset: which items a run brings, before they are written.
//!
//! Owns: limits, cutoffs, pinned posts, padding and the rows that stand for an outcome. A row is small and says what to
//! write; nothing is written here. Must not know: money, HTTP. Called when a run starts (how many) and when its dataset is
//! read (which).

use super::input::{Ask, Of, What};
use super::spoil::Spoil;
use crate::clock::Millis;
use crate::dice::Dice;
use crate::published::tweets::{self, Schema, Sort};
use crate::published::{Feed, Platform, Post, Special, Universe};

/// Items of a target when the input says no limit.
const DEFAULT_LIMIT: u32 = 100;
/// Items of a page of kaitoeasyapi: it bills whole pages.
const KAITO_PAGE: usize = 20;
/// Rows to which kaitoeasyapi pads.
const KAITO_LEAST: usize = 15;
/// Numbers of an account's pinned posts.
const PINNED: [u64; 3] = [1, 4, 7];
/// Accounts whose posts a search finds.
const VOICES: u64 = 5;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// A post of an account, or of the account with this number that a search finds.
    Post {
        target: usize,
        voice: Option<u64>,
        number: u64,
        pinned: bool,
    },
    /// The post that was asked for by its id.
    Lone {
        target: usize,
    },
    Profile {
        target: usize,
    },
    Comment {
        target: usize,
        number: u64,
    },
    Outcome {
        target: usize,
        outcome: Outcome,
    },
    Filler(Filler),
    /// Bytes as they are.
    Raw(&'static str),
    Spoiled(Box<Self>, Spoil),
}

/// What an error item says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    NotFound,
    NoItems,
    Blocked,
}

/// Rows without content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filler {
    NoResults,
    Demo,
    Mock,
}

/// What decides about rows beside the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) universe: &'a Universe,
    /// When the run looks at the platform.
    pub(crate) at: Millis,
    /// The run's own chance: order of rows.
    pub(crate) dice: Dice,
    pub(crate) free_plan: bool,
}

/// The rows of a run; with `exactly` as many as said, made up by older posts or cut.
pub(crate) fn rows(ask: &Ask, moment: Moment<'_>, exactly: Option<u32>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (target, each) in ask.targets.iter().enumerate() {
        match (&each.of, ask.what) {
            (Of::Account(_), What::InstagramProfiles) => rows.push(profile(ask, target, moment)),
            (Of::Post { .. }, What::InstagramComments) => {
                let most = u64::from(ask.limit.unwrap_or(5)).min(5);
                rows.extend((0..most).map(|number| Row::Comment { target, number }));
            }
            (Of::Post { id, .. }, _) => rows.push(lone(target, *id, ask, moment)),
            (Of::Account(handle), _) => account(ask, target, handle, moment, &mut rows),
            (Of::Search(_), _) => found(ask, target, moment, &mut rows),
        }
    }
    if let What::Tweets(schema) = ask.what {
        complete_tweets(&mut rows, ask, schema, moment);
    }
    if let Some(count) = exactly {
        extend(&mut rows, ask, moment, usize::try_from(count).unwrap_or(usize::MAX));
    }
    rows
}

/// The account of a target, or the one of this number that a search finds.
pub(crate) fn feed_of(ask: &Ask, target: usize, voice: Option<u64>, universe: &Universe) -> Feed {
    let platform = platform(ask.what);
    let handle = match ask.targets.get(target).map(|target| &target.of) {
        Some(Of::Account(handle)) => handle.clone(),
        Some(Of::Search(words)) => {
            let word: String = words.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
            format!("{word}_{}", voice.unwrap_or(0))
        }
        Some(Of::Post { handle: Some(handle), .. }) => handle.clone(),
        _ => "somebody".to_owned(),
    };
    universe.feed(platform, &handle)
}

pub(crate) fn platform(what: What) -> Platform {
    if matches!(what, What::Tweets(_)) { Platform::X } else { Platform::Instagram }
}

fn profile(ask: &Ask, target: usize, moment: Moment<'_>) -> Row {
    match feed_of(ask, target, None, moment.universe).special() {
        Special::Missing => Row::Outcome { target, outcome: Outcome::NotFound },
        Special::Blocked => Row::Outcome { target, outcome: Outcome::Blocked },
        _ => Row::Profile { target },
    }
}

/// A post by its id: exists when its time has come, and, where its author is named, when it is the author's.
fn lone(target: usize, id: Option<u64>, ask: &Ask, moment: Moment<'_>) -> Row {
    let known = id.and_then(|id| super::render::lone_post(ask, target, id, moment.universe, moment.at));
    match known {
        Some(_) => Row::Lone { target },
        None if platform(ask.what) == Platform::X => Row::Filler(Filler::NoResults),
        None => Row::Outcome { target, outcome: Outcome::NotFound },
    }
}

/// The most items, of a target or of the run. kaitoeasyapi gives whole pages, whatever was asked.
fn most(ask: &Ask) -> usize {
    let limit = usize::try_from(ask.limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    match ask.what {
        What::Tweets(Schema::Kaito) => limit.div_ceil(KAITO_PAGE).saturating_mul(KAITO_PAGE),
        _ => limit,
    }
}

/// Whether a post lies within what was asked for.
fn wanted(ask: &Ask, post: Post) -> bool {
    if ask.until.is_some_and(|until| post.at >= until) {
        return false;
    }
    if platform(ask.what) == Platform::Instagram {
        return ask.what == What::SonesPosts || ask.since.is_none_or(|since| post.at > since);
    }
    let sort = tweets::sort(post);
    let media = !ask.only_media || matches!(sort, Sort::Photo | Sort::Film);
    ask.since.is_none_or(|since| post.at >= since)
        && media
        && !(ask.without_replies && sort == Sort::Reply)
        && !(ask.without_retweets && sort == Sort::Retweet)
}

/// Whether nothing further back can be wanted.
fn beyond(ask: &Ask, post: Post) -> bool {
    ask.what != What::SonesPosts && ask.since.is_some_and(|since| post.at < since)
}

fn account(ask: &Ask, target: usize, handle: &str, moment: Moment<'_>, rows: &mut Vec<Row>) {
    let feed = moment.universe.feed(platform(ask.what), handle);
    let limit = most(ask);
    let instagram = platform(ask.what) == Platform::Instagram;
    let outcome = match feed.special() {
        Special::Missing if instagram => Some(Outcome::NotFound),
        Special::Private if instagram => Some(Outcome::NoItems),
        Special::Blocked if instagram => Some(Outcome::Blocked),
        _ => None,
    };
    if let Some(outcome) = outcome {
        return rows.push(Row::Outcome { target, outcome });
    }
    if matches!(feed.special(), Special::Empty | Special::NoResults | Special::Demo | Special::Mock) && instagram {
        return;
    }
    let mut posts: Vec<Row> = Vec::new();
    if ask.what == What::InstagramPosts && !ask.skip_pinned {
        posts.extend(pinned(&feed, moment.at).map(|number| Row::Post { target, voice: None, number, pinned: true }));
    }
    let are_pinned: Vec<u64> = pinned(&feed, moment.at).collect();
    let newest = feed.newest(moment.at).take_while(|post| !beyond(ask, *post)).filter(|post| wanted(ask, *post));
    let fresh = newest.filter(|post| !instagram || !are_pinned.contains(&post.number));
    posts.extend(fresh.take(limit).map(|post| Row::Post { target, voice: None, number: post.number, pinned: false }));
    posts.truncate(limit);
    if posts.is_empty() && instagram {
        posts.push(Row::Outcome { target, outcome: Outcome::NoItems });
    }
    // Several workers of the actor give details: their items come in any order.
    if ask.detailed {
        shuffle(&mut posts, moment.dice.at(target as u64));
    }
    rows.append(&mut posts);
}

/// None to three, always the same ones.
fn pinned(feed: &Feed, now: Millis) -> impl Iterator<Item = u64> {
    let count = feed.dice().of("pinned").below(4);
    let published = feed.count(now);
    PINNED.into_iter().filter(move |number| *number < published).take(usize::try_from(count).unwrap_or(0))
}

/// Posts of several accounts, the newest first.
fn found(ask: &Ask, target: usize, moment: Moment<'_>, rows: &mut Vec<Row>) {
    let limit = most(ask);
    let mut all: Vec<(Millis, Row)> = Vec::new();
    for voice in 0..VOICES {
        let feed = feed_of(ask, target, Some(voice), moment.universe);
        let posts = feed.newest(moment.at).take_while(|post| !beyond(ask, *post));
        let posts = posts.filter(|post| wanted(ask, *post)).take(limit);
        all.extend(
            posts.map(|post| (post.at, Row::Post { target, voice: Some(voice), number: post.number, pinned: false })),
        );
    }
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    rows.extend(all.into_iter().take(limit).map(|(_, row)| row));
}

/// Limits of the run, and the rows that come instead of nothing.
fn complete_tweets(rows: &mut Vec<Row>, ask: &Ask, schema: Schema, moment: Moment<'_>) {
    let specials = (0..ask.targets.len()).map(|target| feed_of(ask, target, None, moment.universe).special());
    let special = specials.into_iter().find(|special| special.is_silent()).unwrap_or(Special::None);
    let limit = most(ask);
    let mut dice = moment.dice.of("filler");
    match schema {
        Schema::Apidojo if moment.free_plan || special == Special::Demo => {
            *rows = vec![Row::Filler(Filler::Demo); limit.min(5)];
        }
        Schema::Apidojo => {
            rows.truncate(limit);
            if rows.is_empty() && special != Special::Empty {
                let count = if special == Special::NoResults { 1 + dice.below(10) } else { 1 };
                rows.extend((0..count).map(|_| Row::Filler(Filler::NoResults)));
            }
        }
        Schema::Kaito => {
            rows.truncate(limit);
            if special != Special::Empty {
                let missing = KAITO_LEAST.saturating_sub(rows.len());
                rows.extend((0..missing).map(|_| Row::Filler(Filler::Mock)));
            }
        }
    }
}

/// As many rows as said: older posts of the first account, or fewer.
fn extend(rows: &mut Vec<Row>, ask: &Ask, moment: Moment<'_>, count: usize) {
    let posts = rows.iter().filter_map(|row| match row {
        Row::Post { number, pinned: false, target: 0, .. } => Some(*number),
        _ => None,
    });
    let oldest = posts.min();
    if oldest.is_none() && count > 0 {
        // Outcomes and fillers are no part of what was ordered.
        rows.retain(|row| matches!(row, Row::Profile { .. } | Row::Lone { .. } | Row::Comment { .. }));
    }
    let feed = feed_of(ask, 0, Some(0), moment.universe);
    let mut next = oldest.unwrap_or_else(|| feed.count(moment.at).max(1_000));
    let voice = matches!(ask.targets.first().map(|target| &target.of), Some(Of::Search(_))).then_some(0);
    while rows.len() < count {
        next = next.checked_sub(1).unwrap_or(1_000);
        rows.push(Row::Post { target: 0, voice, number: next, pinned: false });
    }
    rows.truncate(count);
}

pub(crate) fn shuffle<T>(items: &mut [T], mut dice: Dice) {
    for last in (1..items.len()).rev() {
        let other = usize::try_from(dice.below(last as u64 + 1)).unwrap_or(0);
        items.swap(last, other);
    }
}

//! Inputs of actors.
//!
//! Owns: what each known actor is asked, the most it can return for that, and the add-ons it charges for. Prices are the
//! profile's business. Must not know: how elements are read. Called by `plan`, and by [`crate::verdict`] for the look at a
//! profile.
//!
//! The most an input can return is the number of posts asked for, with every actor: pinned posts, which come back whatever
//! the cutoff is, take places within it (measured: 15 asked, 15 came, 3 of them pinned), and so do error rows. Paid events
//! beyond start and element: `date-filter` for each element of apify/instagram-scraper and instagram-api-scraper when a
//! cutoff is sent, `detailed-data` for each element of instagram-post-scraper with the setting `details`.

use serde_json::{Map, Value, json};
use tidegate_plugin_kit::actors::RunState;
use tidegate_plugin_kit::moment::Moment;
use tidegate_plugin_kit::{ActorRun, Failure, Job, Step, actors};

use crate::identifier::{self, Kind};
use crate::limits;
use crate::overrides::Overrides;
use crate::state::State;
use crate::window::{self, Cursor};

/// An actor this plugin can write an input for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// apify's all-in-one actor and its twin, which take URLs.
    Scraper,
    /// apify's actor for posts.
    Posts,
    /// apify's actor for profiles, each with its twelve latest posts.
    Profiles,
    /// sones'.
    Sones,
    /// The fast one.
    Fast,
}

/// The known actors by the name a profile gives, with the kinds they serve.
pub const ACTORS: [(&str, Actor, &[Kind]); 6] = [
    ("apify/instagram-scraper", Actor::Scraper, &[Kind::Account, Kind::Hashtag, Kind::Post, Kind::Profile]),
    ("apify/instagram-api-scraper", Actor::Scraper, &[Kind::Account, Kind::Hashtag, Kind::Post, Kind::Profile]),
    ("apify/instagram-post-scraper", Actor::Posts, &[Kind::Account, Kind::Post]),
    ("apify/instagram-profile-scraper", Actor::Profiles, &[Kind::Account, Kind::Profile]),
    ("sones/instagram-posts-scraper-lowcost", Actor::Sones, &[Kind::Account]),
    ("instagram-scraper/fast-instagram-post-scraper", Actor::Fast, &[Kind::Account]),
];

/// The actors that serve a kind.
pub fn serving(kind: Kind) -> Vec<&'static str> {
    ACTORS.iter().filter(|(_, _, kinds)| kinds.contains(&kind)).map(|(name, _, _)| *name).collect()
}

/// The actor of a job, if it is known.
pub fn actor(job: &Job) -> Option<Actor> {
    let named = job.actor.as_deref()?;
    ACTORS.iter().find(|(name, _, _)| *name == named).map(|(_, actor, _)| *actor)
}

/// How many posts a run asks for.
fn asked(job: &Job, kind: Kind, overrides: &Overrides) -> u32 {
    match kind {
        Kind::Post | Kind::Profile => 1,
        // After a cut window as many as the run may store.
        Kind::Account | Kind::Hashtag if Cursor::of(job).cut => job.max_items.clamp(1, limits::ASKED),
        Kind::Account | Kind::Hashtag => overrides.limit.min(job.max_items).clamp(1, limits::ASKED),
    }
}

/// The run of the job's actor.
///
/// # Errors
///
/// Category `config`: an actor without an input for this kind, or settings that cannot be served.
pub fn step(job: &Job, kind: Kind, overrides: &Overrides) -> Result<Step, Failure> {
    let asked = asked(job, kind, overrides);
    let cutoff = match kind {
        Kind::Account | Kind::Hashtag => window::cutoff(job, overrides)?,
        Kind::Post | Kind::Profile => None,
    };
    let serving = serving(kind);
    let known = actor(job).filter(|_| job.actor.as_deref().is_some_and(|actor| serving.contains(&actor)));
    let (input, most, asked) = match known {
        Some(Actor::Profiles) if kind == Kind::Account => {
            (known_input(Actor::Profiles, job, kind, overrides, None, 1), 1, limits::PROFILE_POSTS)
        }
        Some(actor) => (known_input(actor, job, kind, overrides, cutoff, asked), asked, asked),
        None if overrides.input.is_set() && job.actor.is_some() && actor(job).is_none() => {
            (filled(job, kind, overrides, cutoff, asked), asked, asked)
        }
        None => return Err(actors::unknown(job.actor.as_deref(), kind.name(), &serving)),
    };
    let cutoff = cutoff.filter(|_| known != Some(Actor::Profiles));
    let state = State { asked, cutoff_ms: cutoff.map(|cutoff| cutoff.0), ..State::default() };
    let extra = known.and_then(|actor| events(actor, kind, overrides, cutoff, most));
    Ok(Step::actor(ActorRun { input: input.to_string(), max_elements: most, extra }, state.write()))
}

/// A look at the profile of an account, with an actor that can.
pub fn lookup(job: &Job) -> Option<Step> {
    if actor(job) != Some(Actor::Scraper) {
        return None;
    }
    let input = json!({ "directUrls": [identifier::account_url(&job.identifier)], "resultsType": "details", "resultsLimit": 1 });
    let state = State { asked: 1, lookup: true, ..State::default() };
    Some(Step::actor(ActorRun { input: input.to_string(), max_elements: 1, extra: None }, state.write()))
}

fn events(actor: Actor, kind: Kind, overrides: &Overrides, cutoff: Option<Moment>, most: u32) -> Option<String> {
    let event = match (actor, kind) {
        (Actor::Scraper, _) if cutoff.is_some() => "date-filter",
        (Actor::Posts, _) if overrides.details => "detailed-data",
        _ => return None,
    };
    Some(json!({ "events": { event: most } }).to_string())
}

fn known_input(
    actor: Actor,
    job: &Job,
    kind: Kind,
    overrides: &Overrides,
    cutoff: Option<Moment>,
    asked: u32,
) -> Value {
    let url = url(job, kind);
    let mut input = Map::new();
    let mut set = |name: &str, value: Value| drop(input.insert(name.to_owned(), value));
    // Offsets such as "+00:00" may be refused: this ends in "Z".
    let since = cutoff.and_then(Moment::to_rfc3339);
    match actor {
        Actor::Scraper => {
            set("directUrls", json!([url]));
            set("resultsType", json!(if kind == Kind::Profile { "details" } else { "posts" }));
            set("resultsLimit", json!(asked));
            since.into_iter().for_each(|since| set("onlyPostsNewerThan", json!(since)));
        }
        Actor::Posts => {
            set("username", json!([if kind == Kind::Post { &url } else { &job.identifier }]));
            set("resultsLimit", json!(asked));
            set("dataDetailLevel", json!(if overrides.details { "detailedData" } else { "basicData" }));
            if kind == Kind::Account {
                set("skipPinnedPosts", json!(overrides.skip_pinned));
            }
            since.into_iter().for_each(|since| set("onlyPostsNewerThan", json!(since)));
        }
        Actor::Profiles => {
            set("usernames", json!([job.identifier]));
            set("includeAboutSection", json!(overrides.about));
        }
        Actor::Sones => {
            set("usernames", json!([job.identifier]));
            set("postsPerProfile", json!(asked));
            since.into_iter().for_each(|since| set("newerThan", json!(since)));
        }
        Actor::Fast => {
            set("instagramUsernames", json!([job.identifier]));
            set("postsPerProfile", json!(asked));
            // Days only.
            cutoff.and_then(Moment::date).into_iter().for_each(|day| set("recent", json!(day)));
        }
    }
    Value::Object(input)
}

fn url(job: &Job, kind: Kind) -> String {
    match kind {
        Kind::Account | Kind::Profile => identifier::account_url(&job.identifier),
        Kind::Hashtag => identifier::hashtag_url(&job.identifier),
        Kind::Post => job.identifier.clone(),
    }
}

/// The input of an actor that is not known, by the profile's template.
fn filled(job: &Job, kind: Kind, overrides: &Overrides, cutoff: Option<Moment>, asked: u32) -> Value {
    let values = [
        ("identifier", Some(json!(job.identifier))),
        ("url", Some(json!(url(job, kind)))),
        ("limit", Some(json!(asked))),
        ("since", cutoff.and_then(Moment::to_rfc3339).map(Value::String)),
        ("since_date", cutoff.and_then(Moment::date).map(Value::String)),
    ];
    overrides.input.fill(&values)
}

//! Inputs of actors.
//!
//! Owns: what each known actor is asked, and the most it can return for that. Prices are the profile's business. Must not
//! know: how elements are read. Called by `plan`, and by [`crate::verdict`] when a cut window goes on.
//!
//! The most an input can return: apidojo's and quacker's actors keep `maxItems`, which is for the run, whatever the number
//! of queries (that there is nothing takes up to ten rows all the same, which only a run that asks for fewer would notice;
//! the charge cap of the run ends it). kaito's actor fills pages of 20 whatever `maxItems` says, and bills 15 rows at least.

use serde_json::{Value, json};
use tidegate_plugin_kit::actors::RunState;
use tidegate_plugin_kit::{ActorRun, Failure, Job, Step, actors};

use crate::identifier::{self, Kind};
use crate::limits;
use crate::overrides::{Overrides, Sort};
use crate::query::{self, Window};
use crate::state::State;

/// An actor this plugin can write an input for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// apidojo's two actors, which take the same input.
    Apidojo,
    /// The one that answers in the shape of twitterapi.io.
    Kaito,
    /// The old one, in the shape of version 1 of the platform's own interface.
    Quacker,
}

/// The known actors by the name a profile gives.
pub const ACTORS: [(&str, Actor); 4] = [
    ("apidojo/tweet-scraper", Actor::Apidojo),
    ("apidojo/twitter-scraper-lite", Actor::Apidojo),
    ("kaitoeasyapi/twitter-x-data-tweet-scraper-pay-per-result-cheapest", Actor::Kaito),
    ("quacker/twitter-scraper", Actor::Quacker),
];

/// The actor of a job, if it is known.
pub fn actor(job: &Job) -> Option<Actor> {
    let named = job.actor.as_deref()?;
    ACTORS.iter().find(|(name, _)| *name == named).map(|(_, actor)| *actor)
}

/// How many posts a run asks for.
pub fn asked(job: &Job, kind: Kind, overrides: &Overrides) -> u32 {
    match kind {
        Kind::Post => 1,
        Kind::Account | Kind::Search => overrides.limit.min(job.max_items).clamp(1, limits::ASKED),
    }
}

/// One run of the job's actor over what `state` says is still to be asked for.
///
/// # Errors
///
/// Category `config`: an actor without an input, or settings that cannot be served.
pub fn step(job: &Job, kind: Kind, overrides: &Overrides, mut state: State) -> Result<Step, Failure> {
    let asked = asked(job, kind, overrides);
    let window = Window {
        since: if kind == Kind::Post { None } else { query::since(job, overrides)? },
        until: state.until.clone(),
    };
    let text = query::text(job, kind, overrides, &window)?;
    let (input, most) = match actor(job) {
        Some(actor) => (known(actor, job, kind, overrides, &text, asked), most(actor, kind, asked)),
        None if overrides.input.is_set() && job.actor.is_some() => {
            (filled(job, overrides, &text, asked, &window), asked)
        }
        None => return Err(actors::unknown(job.actor.as_deref(), kind.name(), &ACTORS.map(|(name, _)| name))),
    };
    state.asked = asked;
    state.fetches += 1;
    Ok(Step::actor(ActorRun { input: input.to_string(), max_elements: most, extra: None }, state.write()))
}

fn known(actor: Actor, job: &Job, kind: Kind, overrides: &Overrides, text: &str, asked: u32) -> Value {
    let sort = match overrides.sort {
        Sort::Latest => "Latest",
        Sort::Top => "Top",
    };
    let url = job.identifier.as_str();
    match (actor, kind) {
        (Actor::Apidojo, Kind::Post) => json!({ "startUrls": [url], "maxItems": asked }),
        (Actor::Apidojo, _) => json!({ "searchTerms": [text], "sort": sort, "maxItems": asked }),
        (Actor::Kaito, Kind::Post) => {
            json!({ "tweetIDs": [identifier::post_id(url)], "maxItems": asked, "queryType": sort })
        }
        (Actor::Kaito, _) => json!({ "searchTerms": [text], "maxItems": asked, "queryType": sort }),
        (Actor::Quacker, Kind::Post) => quacker(json!({ "startUrls": [{ "url": url }] }), asked),
        (Actor::Quacker, _) => quacker(json!({ "searchTerms": [text] }), asked),
    }
}

/// Its keys have changed several times: both names of the limit are given.
fn quacker(mut input: Value, asked: u32) -> Value {
    if let Some(members) = input.as_object_mut() {
        members.insert("tweetsDesired".to_owned(), json!(asked));
        members.insert("maxItems".to_owned(), json!(asked));
        members.insert("addUserInfo".to_owned(), json!(true));
        members.insert("proxyConfig".to_owned(), json!({ "useApifyProxy": true }));
    }
    input
}

/// The most elements an input of this actor can bring.
pub fn most(actor: Actor, kind: Kind, asked: u32) -> u32 {
    match (actor, kind) {
        (Actor::Kaito, Kind::Post) => asked.max(limits::KAITO_FLOOR),
        (Actor::Kaito, Kind::Account | Kind::Search) => (asked.div_ceil(limits::KAITO_PAGE) + 1) * limits::KAITO_PAGE,
        (Actor::Apidojo | Actor::Quacker, _) => asked,
    }
}

/// The input of an actor that is not known, by the profile's template.
fn filled(job: &Job, overrides: &Overrides, text: &str, asked: u32, window: &Window) -> Value {
    let url = match Kind::of(&job.kind) {
        Some(Kind::Account) => Some(format!("https://x.com/{}", job.identifier)),
        Some(Kind::Post) => Some(job.identifier.clone()),
        Some(Kind::Search) | None => None,
    };
    let values = [
        ("identifier", Some(json!(job.identifier))),
        ("query", Some(json!(text)).filter(|_| !text.is_empty())),
        ("url", url.map(Value::String)),
        ("limit", Some(json!(asked))),
        ("since", window.since.clone().map(Value::String)),
        ("until", window.until.clone().map(Value::String)),
    ];
    overrides.input.fill(&values)
}

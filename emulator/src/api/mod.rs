//! The API: from requests to answers.
//!
//! Owns: the way of every request (rules, token, endpoint, rules again), and the handlers. Must not know: sockets. Called
//! by the server for each request.

mod account;
mod control;
mod error;
mod items;
mod route;
mod runs;
mod start;

use std::sync::Arc;

use serde_json::Value;

use crate::log::{LogEntry, TokenPlace};
use crate::published::instagram::merge;
use crate::script::{Answer, Cut, Effect, Endpoint, Patch, Subject};
use crate::server::{Reply, Request, Shared};
use crate::world::World;

use error::ApiError;
use route::Route;

pub(crate) use runs::come_back;

/// Whether the request may see what belongs to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Granted,
    /// No token at all.
    Absent,
    /// A token that is not accepted.
    Refused,
}

/// Answers a request.
pub(crate) async fn answer(shared: &Arc<Shared>, mut request: Request) -> Reply {
    if request.path().starts_with("/emulator") {
        return control::answer(shared, &request);
    }
    // `?method=POST` on a GET overrides the method.
    if let Some(method) = request.parameter("method").filter(|_| request.method == "GET") {
        request.method = method.to_ascii_uppercase();
    }
    let route = route::route(&request.method, request.path());
    let effect = apply_rules(shared, &request, route.as_ref().ok());
    let mut reply = match route {
        Err(error) => error.reply(),
        Ok(route) => altered(shared, &request, &route, &effect).await,
    };
    finish(&mut reply, &effect);
    log(shared, &request, &reply);
    reply
}

/// What the rules do to this request; some of it at once.
fn apply_rules(shared: &Shared, request: &Request, route: Option<&Route>) -> Effect {
    let now = shared.clock.now();
    let mut world = shared.world();
    let endpoint = route.map_or(Endpoint::Other, |route| route.endpoint);
    world.count(endpoint);
    let mut rules = std::mem::take(&mut world.rules);
    let mut effect = Effect::default();
    if !rules.is_empty() {
        let run = route.and_then(|route| route.run.as_deref()).and_then(|id| world.find(id));
        let by_path = route.and_then(|route| route.actor.as_deref()).and_then(crate::actors::by_path);
        let actor = run.map(|run| run.actor).or(by_path).map(crate::actors::Actor::full_name);
        let subject = Subject {
            endpoint,
            actor: actor.as_deref(),
            input: run.map(|run| &*run.input).or(Some(&request.body)),
            run: run.map(|run| run.id.as_str()),
        };
        effect = rules.apply(subject, now);
    }
    world.rules = rules;
    if effect.revoke_tokens == Some(true) {
        world.tokens.values_mut().for_each(|accepted| *accepted = false);
    }
    if let Some(ms) = effect.refuse_ms {
        shared.closed.send_replace(std::time::Duration::from_millis(ms));
    }
    effect
}

/// The endpoint's own answer, or what a rule says instead.
async fn altered(shared: &Arc<Shared>, request: &Request, route: &Route, effect: &Effect) -> Reply {
    let unperformed =
        matches!(effect.cut, Some(Cut::Before | Cut::ResetBefore | Cut::Garbage)) || effect.refuse_ms.is_some();
    if unperformed && effect.performed != Some(true) {
        refuse_start(shared, request, route, 0, "connection broken");
        return Reply::default();
    }
    match &effect.answer {
        Some(answer) if effect.performed == Some(true) => {
            let own = perform(shared, request, route, effect).await;
            if own.status >= 400 { own } else { made_up(shared, request, answer) }
        }
        Some(answer) => {
            refuse_start(shared, request, route, answer.status, answer.kind.as_deref().unwrap_or("made up"));
            made_up(shared, request, answer)
        }
        None => perform(shared, request, route, effect).await,
    }
}

async fn perform(shared: &Arc<Shared>, request: &Request, route: &Route, effect: &Effect) -> Reply {
    let access = access(&shared.world(), request);
    let costs_hidden = route.endpoint == Endpoint::GetRun && access == Access::Absent;
    let denied = match access {
        Access::Granted => None,
        // The id of a run is the secret; its costs are not shown.
        Access::Absent if costs_hidden => None,
        Access::Absent => Some(ApiError::new(401, "token-not-provided", "Authentication token was not provided")),
        Access::Refused => Some(ApiError::new(
            401,
            "user-or-token-not-found",
            "User was not found or authentication token is not valid",
        )),
    };
    let done = match denied {
        Some(error) => Err(error),
        None => match route.endpoint {
            Endpoint::Start => start::start(shared, request, route, effect).await,
            Endpoint::GetRun => runs::get(shared, request, route, effect, !costs_hidden).await,
            Endpoint::List => runs::list(shared, request, route),
            Endpoint::Abort => runs::abort(shared, request, route),
            Endpoint::Resurrect => runs::resurrect(shared, request, route),
            Endpoint::Items => items::items(shared, request, route),
            Endpoint::Dataset => items::dataset(shared, route),
            Endpoint::Record => items::record(shared, route),
            Endpoint::Validate => start::validate(shared, request, route),
            Endpoint::Me => Ok(account::me()),
            Endpoint::Limits => Ok(account::limits(shared)),
            Endpoint::Usage => Ok(account::usage(shared)),
            Endpoint::Actor => account::actor(route),
            Endpoint::Other => Err(ApiError::not_found("Resource")),
        },
    };
    done.unwrap_or_else(|error| {
        refuse_start(shared, request, route, error.status, &error.kind);
        error.reply()
    })
}

/// Puts a start that was no start into the books.
fn refuse_start(shared: &Shared, request: &Request, route: &Route, status: u16, kind: &str) {
    if route.endpoint != Endpoint::Start {
        return;
    }
    let refusal = crate::books::Refusal {
        at: shared.clock.now(),
        actor: route.actor.clone().unwrap_or_default(),
        user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
        status,
        kind: kind.to_owned(),
    };
    shared.world().refused.push(refusal);
}

fn access(world: &World, request: &Request) -> Access {
    match token(request) {
        Some((token, _)) if world.tokens.get(token).copied().unwrap_or(false) => Access::Granted,
        Some(_) => Access::Refused,
        None => Access::Absent,
    }
}

fn token(request: &Request) -> Option<(&str, TokenPlace)> {
    let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let in_header = bearer.map(|token| (token.trim(), TokenPlace::Header));
    in_header.or_else(|| request.parameter("token").map(|token| (token, TokenPlace::Url)))
}

/// An answer of a rule.
fn made_up(shared: &Shared, request: &Request, answer: &Answer) -> Reply {
    let mut reply = match &answer.kind {
        Some(kind) => ApiError::new(answer.status, kind, answer.message.clone().unwrap_or_default()).reply(),
        None => Reply {
            status: answer.status,
            content_type: answer.content_type.clone(),
            body: answer.body.clone().unwrap_or_default().into_bytes(),
            ..Reply::default()
        },
    };
    for (name, value) in &answer.headers {
        let value = value.replace("{origin}", &shared.origin()).replace("{other}", &shared.other_origin());
        reply = reply.header(name, value.replace("{path}", &request.target));
    }
    reply
}

/// What rules do to an answer that is there.
fn finish(reply: &mut Reply, effect: &Effect) {
    reply.cut = effect.cut;
    reply.held = effect.refuse_ms.is_some();
    reply.slow = effect.slow;
    reply.coding = effect.coding;
    reply.skew_ms = effect.skew_ms.unwrap_or(0);
    if let Some(content_type) = &effect.content_type {
        reply.content_type = Some(content_type.clone()).filter(|text| !text.is_empty());
    }
    reply.headers.extend(effect.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    if effect.patch.is_none() && effect.skew_ms.is_none() {
        return;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return };
    // Items have no `data`: their bytes stay as they are.
    if body.get("data").is_none() {
        return;
    }
    if let (Some(patch), Some(data)) = (&effect.patch, body.get_mut("data")) {
        patched(data, patch);
    }
    // Items speak of the platform's time: only what Apify says of itself is shifted.
    if let (Some(skew), Some(data)) = (effect.skew_ms, body.get_mut("data")) {
        shifted(data, skew);
    }
    reply.body = body.to_string().into_bytes();
}

fn patched(data: &mut Value, patch: &Patch) {
    if let Some(items) = data.get_mut("items").and_then(Value::as_array_mut) {
        items.iter_mut().for_each(|item| patched(item, patch));
        return;
    }
    merge(data, Value::Object(patch.set.clone()));
    if let Some(map) = data.as_object_mut() {
        map.retain(|key, _| !patch.remove.contains(key));
    }
}

/// Moves every instant.
fn shifted(value: &mut Value, skew: i64) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|each| shifted(each, skew)),
        Value::Array(list) => list.iter_mut().for_each(|each| shifted(each, skew)),
        Value::String(text) if text.len() == 24 && text.ends_with('Z') => {
            if let Some(at) = crate::clock::Millis::parse(text) {
                *text = at.after(skew).iso();
            }
        }
        _ => {}
    }
}

fn log(shared: &Shared, request: &Request, reply: &Reply) {
    let found = token(request);
    let place = found.map_or(TokenPlace::Absent, |(_, place)| place);
    let mut path = request.target.clone();
    if place == TokenPlace::Url || request.parameter("token").is_some() {
        let (before, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let others: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("token=")).collect();
        path = format!("{before}?{}", others.join("&"));
    }
    let broken =
        matches!(reply.cut, Some(Cut::Before | Cut::ResetBefore | Cut::Unanswered | Cut::ResetAfter | Cut::Garbage));
    let mut world = shared.world();
    world.tokens_in_urls += u64::from(request.parameter("token").is_some());
    let accepted = found.is_some_and(|(token, _)| world.tokens.get(token).copied().unwrap_or(false));
    world.log.push(LogEntry {
        at: shared.clock.now(),
        method: request.method.clone(),
        path,
        host: request.header("host").unwrap_or_default().to_owned(),
        status: if broken || reply.held { 0 } else { reply.status },
        user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
        token: place,
        accepted,
    });
}

//! Starting runs.
//!
//! Owns: the checks of a start in the order Apify makes them, and the plan of the run. Called by `api`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::route::Route;
use super::runs::wait_for;
use crate::actors::{self, Actor};
use crate::clock::Millis;
use crate::dice::Dice;
use crate::ids::Id;
use crate::limits::{BODY_BYTES, MEMORY_MB, RUN_ITEMS};
use crate::money::MicroUsd;
use crate::published::Special;
use crate::runs::{Life, Run, RunOptions, Status, Wish};
use crate::script::{Effect, Twist};
use crate::server::{Reply, Request, Shared, decode};
use crate::webhooks;
use crate::world::World;

/// `POST /v2/actors/{actor}/runs`: 201 with `Location`.
pub(super) async fn start(
    shared: &Arc<Shared>,
    request: &Request,
    route: &Route,
    effect: &Effect,
) -> Result<Reply, ApiError> {
    let actor = known(route)?;
    let options = options(request, actor)?;
    let build = build(request, actor)?;
    let hooks = request.parameter("webhooks").map(webhooks::read).transpose();
    let hooks = hooks.map_err(|why| ApiError::new(400, "invalid-parameter", why))?.unwrap_or_default();
    let input = input(request)?;
    let now = shared.clock.now();
    let ask = actors::read(actor, &input.1, now).map_err(|why| ApiError::invalid_input(&why))?;
    let id = {
        let mut world = shared.world();
        room(&world, actor, options, now)?;
        let number = world.next_number();
        let ids = ["run", "dataset", "store"].map(|kind| Id::nth(world.seed, kind, number));
        let run = Run {
            id: ids[0],
            dataset: ids[1],
            store: ids[2],
            actor,
            user_agent: request.header("user-agent").unwrap_or_default().into(),
            input: input.0.into(),
            input_type: request.header("content-type").unwrap_or("application/json").into(),
            subject: ask.subject().into(),
            build: build.into(),
            options,
            dated: ask.since.is_some(),
            detailed: ask.detailed,
            free_plan: world.account.free_plan,
            started: now,
            life: Life::plan(
                Wish { begins: now, duration: 0, before: 0, wanted: 0, end: Status::Succeeded },
                0,
                None,
                Status::Aborted,
            ),
            settled: false,
            resurrected: 0,
            cost_lag: world.cost_lag,
            twist: effect.run.clone().map(Arc::new),
            webhooks: hooks,
        };
        let run = Run { life: plan(&world, &run, number), ..run };
        world.add(run, now);
        ids[0]
    };
    shared.planned.notify_one();
    wait_for(shared, request, id.as_str(), effect).await;
    let object = shared.world().find(id.as_str()).map(|run| run.object(shared.clock.now(), true));
    let location = format!("{}/v2/actor-runs/{}", shared.origin(), id.as_str());
    Ok(Reply::data(201, &object.unwrap_or_default()).header("Location", location))
}

/// `POST /v2/actors/{actor}/validate-input`: without cost.
pub(super) fn validate(shared: &Shared, request: &Request, route: &Route) -> Result<Reply, ApiError> {
    let actor = known(route)?;
    build(request, actor)?;
    let input = input(request)?;
    actors::read(actor, &input.1, shared.clock.now()).map_err(|why| ApiError::invalid_input(&why))?;
    Ok(Reply::json(200, json!({"valid": true}).to_string().into_bytes()))
}

/// The actor of a path.
pub(super) fn known(route: &Route) -> Result<&'static Actor, ApiError> {
    route.actor.as_deref().and_then(actors::by_path).ok_or_else(|| ApiError::not_found("Actor"))
}

fn number(request: &Request, name: &str) -> Result<Option<u64>, ApiError> {
    let parse =
        |text: &str| text.parse().map_err(|_| ApiError::invalid_parameter(format!("{name} must be a whole number")));
    request.parameter(name).map(parse).transpose()
}

/// `timeout`, `memory`, `maxItems` and `maxTotalChargeUsd`.
pub(super) fn options(request: &Request, actor: &Actor) -> Result<RunOptions, ApiError> {
    let timeout = number(request, "timeout")?.unwrap_or(u64::from(actor.timeout_s));
    let memory = number(request, "memory")?.unwrap_or(u64::from(actor.memory_mb));
    let memory_mb =
        u32::try_from(memory).ok().filter(|mb| mb.is_power_of_two() && (MEMORY_MB.0..=MEMORY_MB.1).contains(mb));
    let memory_mb = memory_mb.ok_or_else(|| {
        let text = format!("memory must be a power of two between {} and {}", MEMORY_MB.0, MEMORY_MB.1);
        ApiError::invalid_parameter(text)
    })?;
    let max_items = number(request, "maxItems")?;
    if max_items == Some(0) {
        let text = "Maximum number of items must be greater than zero";
        return Err(ApiError::new(400, "max-items-must-be-greater-than-zero", text));
    }
    let cap = request.parameter("maxTotalChargeUsd").map(|text| {
        MicroUsd::parse(text)
            .ok_or_else(|| ApiError::invalid_parameter("maxTotalChargeUsd must be a number of dollars"))
    });
    let cap = cap.transpose()?;
    if cap.is_some_and(|cap| cap < actor.least_cap) {
        let text = format!("Maximum cost per run is less than the allowed minimum of ${}", actor.least_cap.usd());
        return Err(ApiError::new(400, "max-total-charge-usd-below-minimum", text));
    }
    let clamp = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Ok(RunOptions { timeout_s: clamp(timeout), memory_mb, max_items: max_items.map(clamp), cap })
}

/// `latest`, or the one number there is.
fn build(request: &Request, actor: &Actor) -> Result<String, ApiError> {
    let build = request.parameter("build").unwrap_or("latest");
    if build == "latest" || build == actor.build_number {
        return Ok(build.to_owned());
    }
    let text = format!("Build with tag \"{build}\" was not found. Has the Actor been built already?");
    Err(ApiError::new(400, "unknown-build-tag", text))
}

/// The input: its bytes decoded, and read.
fn input(request: &Request) -> Result<(Vec<u8>, Map<String, Value>), ApiError> {
    if let Some(length) = request.too_large {
        let text = format!("The POST payload is too large (limit: {BODY_BYTES} bytes, actual length: {length} bytes).");
        return Err(ApiError::new(413, "request-too-large", text));
    }
    let coding = request.header("content-encoding").unwrap_or_default();
    let not_json = |why: String| ApiError::new(400, "run-input-body-not-valid-json", why);
    let body = decode(coding, &request.body).ok_or_else(|| {
        ApiError::new(415, "unsupported-content-encoding", format!("Content-Encoding \"{coding}\" is not supported."))
    })?;
    let body = body.map_err(|error| not_json(format!("The request body cannot be decoded: {error}")))?;
    if body.is_empty() {
        return Ok((body, Map::new()));
    }
    let value: Value = serde_json::from_slice(&body)
        .map_err(|error| not_json(format!("The run input must be a valid JSON object: {error}")))?;
    match value {
        Value::Object(map) => Ok((body, map)),
        _ => Err(ApiError::new(400, "input-json-not-object", "The input JSON must be an object.")),
    }
}

/// Whether the account has money, memory and a place for it.
fn room(world: &World, actor: &Actor, options: RunOptions, now: Millis) -> Result<(), ApiError> {
    let account = &world.account;
    if let Some(most) = account.monthly_micro_usd {
        let spent = world.spent(now);
        if spent >= most {
            return Err(ApiError::new(403, "platform-feature-disabled", "Monthly usage hard limit exceeded"));
        }
        if spent.plus(actor.start_price()).plus(actor.item_price(false, false)) > most {
            let text = "By launching this job you will exceed your remaining usage.";
            return Err(ApiError::new(402, "not-enough-usage-to-run-paid-actor", text));
        }
    }
    if world.memory_mb().saturating_add(options.memory_mb) > account.memory_mb {
        let text = format!(
            "By launching this job you will exceed the memory limit of {}MB for all your Actor runs and builds.",
            account.memory_mb
        );
        return Err(ApiError::new(402, "actor-memory-limit-exceeded", text));
    }
    if world.active() >= account.concurrent_runs {
        let text = format!(
            "By launching this job you will exceed your limit of {} concurrent Actor runs.",
            account.concurrent_runs
        );
        return Err(ApiError::new(402, "concurrent-runs-limit-exceeded", text));
    }
    Ok(())
}

/// How the run will go: decided now, shown as time passes.
fn plan(world: &World, run: &Run, number: u32) -> Life {
    let mut dice = Dice::new(world.seed).of("life").at(u64::from(number));
    let special = super::items::special(world, run);
    let rows = super::items::planned(world, run, 0).len();
    let rows = u32::try_from(rows).unwrap_or(u32::MAX).min(RUN_ITEMS);
    let drawn = dice.between(world.duration.0, world.duration.1);
    let drawn = if special == Special::Slow { drawn.saturating_mul(10) } else { drawn };
    let load = world.load.map(|load| i64::try_from(load.duration.as_millis()).unwrap_or(i64::MAX));
    let by_handle = match special {
        Special::Failing => Some((Status::Failed, rows / 2)),
        Special::TimingOut => Some((Status::TimedOut, rows / 2)),
        _ => None,
    };
    let twist: Option<&Twist> = run.twist.as_deref();
    let twisted_end = twist.and_then(|twist| twist.ends).filter(|end| end.is_terminal());
    let reach = twist.and_then(|twist| twist.reach).or(by_handle.map(|(_, reach)| reach));
    let wish = Wish {
        begins: run.started.after(world.ready),
        duration: twist.and_then(|twist| twist.duration_ms).or(load).unwrap_or(drawn).max(0),
        before: 0,
        wanted: reach.unwrap_or(rows).min(rows),
        end: twisted_end.or(by_handle.map(|(end, _)| end)).unwrap_or(Status::Succeeded),
    };
    Life::plan(wish, run.options.timeout_s, run.affordable(), twisted_end.unwrap_or(Status::Aborted))
}

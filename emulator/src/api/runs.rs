//! Runs: looked at, waited for, listed, aborted, resurrected.
//!
//! Owns: these endpoints. Called by `api`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::error::ApiError;
use super::route::Route;
use super::start::{known, options};
use crate::clock::Millis;
use crate::limits::{LIST_PAGE, RUN_ITEMS, WAIT_BY_HAND_MS, WAIT_SECONDS};
use crate::runs::{Life, Listed, Run, Status, Wish};
use crate::script::{Effect, Wait};
use crate::server::{Reply, Request, Shared};
use crate::world::World;

/// The run of a path, once it can be seen.
fn seen<'a>(world: &'a World, route: &Route, now: Millis) -> Result<&'a Run, ApiError> {
    let run = route.run.as_deref().and_then(|id| world.find(id).filter(|run| run.id.as_str() == id));
    run.filter(|run| run.is_seen(now)).ok_or_else(|| ApiError::not_found("Actor run"))
}

/// `GET /v2/actor-runs/{id}`.
pub(super) async fn get(
    shared: &Arc<Shared>,
    request: &Request,
    route: &Route,
    effect: &Effect,
    with_costs: bool,
) -> Result<Reply, ApiError> {
    let id = seen(&shared.world(), route, shared.clock.now())?.id;
    wait_for(shared, request, id.as_str(), effect).await;
    let now = shared.clock.now();
    let object = shared.world().find(id.as_str()).map(|run| run.object(now, with_costs));
    Ok(Reply::data(200, &object.unwrap_or_default()))
}

/// `waitForFinish`: until the run has ended, or for so many seconds. With a clock that is moved by hand nobody waits
/// longer than a second of the machine's time.
pub(super) async fn wait_for(shared: &Arc<Shared>, request: &Request, id: &str, effect: &Effect) {
    let seconds = request.parameter("waitForFinish").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let seconds = seconds.min(WAIT_SECONDS);
    if seconds == 0 || effect.wait == Some(Wait::Ignore) {
        return;
    }
    let until = shared.clock.now().after(i64::try_from(seconds * 1_000).unwrap_or(0));
    let waiting = async {
        let mut moved = shared.clock.watch();
        loop {
            let now = shared.clock.now();
            let ends = shared.world().find(id).map_or(now, |run| run.life.ends);
            let wake = if effect.wait == Some(Wait::Hold) { until } else { ends.min(until) };
            if now >= wake {
                return;
            }
            shared.clock.nap(Some(wake), &mut moved).await;
        }
    };
    if shared.clock.by_hand() {
        // Over when the time is over: the run is shown as it is.
        tokio::time::timeout(Duration::from_millis(WAIT_BY_HAND_MS), waiting).await.ok();
    } else {
        waiting.await;
    }
}

/// What a list is narrowed to.
struct Narrowed<'a> {
    actor: Option<&'static str>,
    status: Option<Vec<&'a str>>,
    after: Option<Millis>,
    before: Option<Millis>,
}

impl Narrowed<'_> {
    fn holds(&self, run: &Run, now: Millis) -> bool {
        self.actor.is_none_or(|actor| run.actor.id == actor)
            && self.after.is_none_or(|after| run.started >= after)
            && self.before.is_none_or(|before| run.started <= before)
            && run.is_seen(now)
            && self.status.as_ref().is_none_or(|all| all.contains(&run.status(now).name()))
    }
}

/// `GET /v2/actors/{actor}/runs` and `GET /v2/actor-runs`: by their starts, the oldest first unless `desc`.
pub(super) fn list(shared: &Shared, request: &Request, route: &Route) -> Result<Reply, ApiError> {
    let actor = if route.actor.is_some() { Some(known(route)?.id) } else { None };
    let number = |name: &str| request.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let moment = |name: &str| -> Result<Option<Millis>, ApiError> {
        let parse = |text| {
            Millis::parse(text).ok_or_else(|| ApiError::invalid_parameter(format!("{name} must be a date-time")))
        };
        request.parameter(name).map(parse).transpose()
    };
    let narrowed = Narrowed {
        actor,
        status: request.parameter("status").map(|text| text.split(',').map(str::trim).collect()),
        after: moment("startedAfter")?,
        before: moment("startedBefore")?,
    };
    let offset = number("offset").unwrap_or(0);
    let limit = number("limit").unwrap_or(LIST_PAGE).min(LIST_PAGE);
    let desc = request.flag("desc");
    let now = shared.clock.now();
    let world = shared.world();
    // Runs stand in the order of their starts: the first ones are passed over by halving.
    let from = narrowed.after.map_or(0, |after| world.runs().partition_point(|run| run.started < after));
    let runs = world.runs().get(from..).unwrap_or_default();
    let matching: Vec<&Run> = runs.iter().filter(|run| narrowed.holds(run, now)).collect();
    let total = matching.len();
    let items: Vec<Listed<'_>> = if desc {
        matching.iter().rev().skip(offset).take(limit).map(|run| run.listed(now)).collect()
    } else {
        matching.iter().skip(offset).take(limit).map(|run| run.listed(now)).collect()
    };
    let head =
        json!({"total": total, "offset": offset, "limit": limit, "count": items.len(), "desc": desc}).to_string();
    let items = serde_json::to_vec(&items).unwrap_or_else(|_| b"[]".to_vec());
    let open = head.strip_suffix('}').unwrap_or_default();
    let body = [b"{\"data\":", open.as_bytes(), b",\"items\":", &items, b"}}"].concat();
    Ok(Reply::json(200, body))
}

/// `POST /v2/actor-runs/{id}/abort`: no effect on a run that has ended.
pub(super) fn abort(shared: &Shared, request: &Request, route: &Route) -> Result<Reply, ApiError> {
    let now = shared.clock.now();
    let id = seen(&shared.world(), route, now)?.id;
    let gracefully = request.flag("gracefully");
    let mut world = shared.world();
    world.change(id.as_str(), now, |run| run.abort(now, gracefully));
    let object = world.find(id.as_str()).map(|run| run.object(now, true));
    drop(world);
    shared.planned.notify_one();
    shared.clock.stir();
    Ok(Reply::data(200, &object.unwrap_or_default()))
}

/// `POST /v2/actor-runs/{id}/resurrect`: the same storages, RUNNING again.
pub(super) fn resurrect(shared: &Shared, request: &Request, route: &Route) -> Result<Reply, ApiError> {
    let now = shared.clock.now();
    let (id, actor) = {
        let world = shared.world();
        let run = seen(&world, route, now)?;
        if !run.status(now).is_terminal() {
            return Err(ApiError::new(400, "run-not-finished", "Only a finished run can be resurrected"));
        }
        (run.id, run.actor)
    };
    let asked = options(request, actor)?;
    let mut world = shared.world();
    world.change(id.as_str(), now, |run| {
        if request.parameter("timeout").is_some() {
            run.options.timeout_s = asked.timeout_s;
        }
        run.options.cap = asked.cap.or(run.options.cap);
        run.options.max_items = asked.max_items.or(run.options.max_items);
        true
    });
    come_back(&mut world, id.as_str(), now);
    let object = world.find(id.as_str()).map(|run| run.object(now, true));
    drop(world);
    shared.planned.notify_one();
    shared.clock.stir();
    Ok(Reply::data(200, &object.unwrap_or_default()))
}

/// Gives an ended run a second life: what it did not bring before, and what a rule adds.
pub(crate) fn come_back(world: &mut World, id: &str, now: Millis) {
    let duration = world.duration.0;
    world.change(id, now, |run| {
        if !run.status(now).is_terminal() {
            return false;
        }
        let before = run.rows(now);
        let grows = run.twisted(|twist| twist.grows).unwrap_or(0);
        let wanted = run.life.wanted().max(before).saturating_add(grows).min(RUN_ITEMS);
        let wish = Wish { begins: now, duration, before, wanted, end: Status::Succeeded };
        run.life = Life::plan(wish, run.options.timeout_s, run.affordable(), Status::Aborted);
        run.resurrected = run.resurrected.saturating_add(1);
        run.settled = false;
        true
    });
}

//! Datasets and records.
//!
//! Owns: which rows a run has (computed when they are read), pages, and the fields about pages. Called by `api`, and by
//! the start of a run, which has to know how many rows there will be.

use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::route::Route;
use crate::actors::{self, Ask, Row, Spoil};
use crate::clock::Millis;
use crate::dice::Dice;
use crate::limits::{COUNT_LAG_MS, NO_LIMIT};
use crate::published::Special;
use crate::runs::Run;
use crate::server::{Reply, Request, Shared};
use crate::world::World;

/// What a run was asked for; it was readable when it started.
fn ask(run: &Run) -> Option<Ask> {
    let input: Map<String, Value> = serde_json::from_slice(&run.input).ok()?;
    actors::read(run.actor, &input, run.started).ok()
}

/// What the first special handle of a run's input asks for.
pub(super) fn special(world: &World, run: &Run) -> Special {
    let Some(ask) = ask(run) else { return Special::None };
    let specials = (0..ask.targets.len()).map(|target| actors::feed_of(&ask, target, None, &world.universe).special());
    specials.into_iter().find(|special| *special != Special::None).unwrap_or(Special::None)
}

/// The rows of a run, at least so many.
pub(super) fn planned(world: &World, run: &Run, least: usize) -> Vec<Row> {
    let Some(ask) = ask(run) else { return Vec::new() };
    let moment = actors::Moment {
        universe: &world.universe,
        at: run.started,
        dice: Dice::new(world.seed).of(run.id.as_str()),
        free_plan: run.free_plan,
    };
    let exactly = run.twisted(|twist| twist.items).or(world.load.map(|load| load.items));
    let mut rows = actors::rows(&ask, moment, exactly);
    if let Some(twist) = &run.twist {
        rows = actors::spoil(rows, &twist.data, moment.dice);
    }
    if rows.len() < least {
        // Second lives bring older posts.
        let more = actors::rows(&ask, moment, u32::try_from(least).ok());
        rows.extend(more.into_iter().skip(rows.len()));
    }
    rows
}

fn found<'a>(world: &'a World, route: &Route, now: Millis, what: &str) -> Result<&'a Run, ApiError> {
    let run = route.run.as_deref().and_then(|id| world.find(id));
    run.filter(|run| run.is_seen(now)).ok_or_else(|| ApiError::not_found(what))
}

/// `GET /v2/datasets/{id}/items`: a bare array, or one item a line.
pub(super) fn items(shared: &Shared, request: &Request, route: &Route) -> Result<Reply, ApiError> {
    let number = |name: &str| -> Result<Option<u64>, ApiError> {
        let parse = |text: &str| {
            text.parse().map_err(|_| ApiError::invalid_parameter(format!("{name} must be a whole number")))
        };
        request.parameter(name).map(parse).transpose()
    };
    let (offset, limit) = (number("offset")?.unwrap_or(0), number("limit")?.unwrap_or(NO_LIMIT));
    let lines = match request.parameter("format").unwrap_or("json") {
        "json" => false,
        "jsonl" => true,
        other => {
            return Err(ApiError::invalid_parameter(format!("format {other:?} is not supported here: json, jsonl")));
        }
    };
    let desc = request.flag("desc");
    let leave_empty = request.flag("clean") || request.flag("skipEmpty");
    let now = shared.clock.now();
    let world = shared.world();
    let run = found(&world, route, now, "Dataset")?;
    let visible = usize::try_from(run.visible_rows(now)).unwrap_or(usize::MAX);
    let at_most = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut rows = planned(&world, run, visible);
    rows.truncate(visible);
    if desc {
        rows.reverse();
    }
    let page: Vec<&Row> = rows.iter().skip(at_most(offset)).take(at_most(limit)).collect();
    let ask = ask(run).ok_or_else(|| ApiError::not_found("Dataset"))?;
    let kept = page.iter().filter(|row| !(leave_empty && is_empty(row)));
    let written: Vec<Vec<u8>> = kept.map(|row| actors::render(row, &ask, &world.universe, run.started)).collect();
    let bom = run.twist.as_ref().is_some_and(|twist| twist.data.contains(&Spoil::Bom));
    let mut body = if bom { vec![0xef, 0xbb, 0xbf] } else { Vec::new() };
    body.extend(if lines { joined(&written, b"", b"\n", b"\n") } else { joined(&written, b"[", b",\n", b"]") });
    // The total is a hint: beside late items it stays at 0 for a while longer.
    let late = run.twisted(|twist| twist.items_lag_ms).is_some_and(|lag| now.since(run.life.ends) < lag * 2);
    let total = if late { 0 } else { visible };
    Ok(Reply::bytes(
        if lines { "application/x-ndjson; charset=utf-8" } else { "application/json; charset=utf-8" },
        body,
    )
    .header("X-Apify-Pagination-Offset", offset.to_string())
    .header("X-Apify-Pagination-Limit", limit.to_string())
    .header("X-Apify-Pagination-Count", page.len().to_string())
    .header("X-Apify-Pagination-Total", total.to_string())
    .header("X-Apify-Pagination-Desc", desc.to_string()))
}

fn is_empty(row: &Row) -> bool {
    *row == Row::Raw("{}")
}

fn joined(items: &[Vec<u8>], open: &[u8], between: &[u8], close: &[u8]) -> Vec<u8> {
    let mut out = open.to_vec();
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            out.extend_from_slice(between);
        }
        out.extend_from_slice(item);
    }
    if !(items.is_empty() && open.is_empty()) {
        out.extend_from_slice(close);
    }
    out
}

/// `GET /v2/datasets/{id}`: its count lags.
pub(super) fn dataset(shared: &Shared, route: &Route) -> Result<Reply, ApiError> {
    let now = shared.clock.now();
    let world = shared.world();
    let run = found(&world, route, now, "Dataset")?;
    let lag = run.twisted(|twist| twist.items_lag_ms).unwrap_or(0).max(COUNT_LAG_MS);
    let count = run.visible_rows(now.after(-lag));
    let id = run.dataset.as_str();
    let modified = now.min(run.life.ends).iso();
    Ok(Reply::data(
        200,
        &json!({
            "id": id, "name": Value::Null, "userId": "7sT5jcggjjA9fNcxF", "createdAt": run.started.iso(),
            "modifiedAt": modified, "accessedAt": now.iso(), "itemCount": count, "cleanItemCount": count,
            "actId": run.actor.id, "actRunId": run.id, "fields": ["id", "type", "url"],
            "consoleUrl": format!("https://console.apify.com/storage/datasets/{id}"),
            "itemsPublicUrl": format!("{}/v2/datasets/{id}/items", shared.origin()),
            "generalAccess": "FOLLOW_USER_SETTING",
            "stats": {"readCount": 1, "writeCount": count, "storageBytes": u64::from(count) * 2_000},
        }),
    ))
}

/// `GET .../records/INPUT`: the bytes that were sent.
pub(super) fn record(shared: &Shared, route: &Route) -> Result<Reply, ApiError> {
    let world = shared.world();
    let run = found(&world, route, shared.clock.now(), "Key-value store")?;
    if route.key.as_deref() != Some("INPUT") {
        return Err(ApiError::not_found("Record"));
    }
    Ok(Reply::bytes(&run.input_type, run.input.to_vec()))
}

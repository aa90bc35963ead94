//! The account and the actors: who pays, how much is left, what is offered.
//!
//! Owns: these endpoints. Called by `api`.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::error::ApiError;
use super::route::Route;
use super::start::known;
use crate::clock::Millis;
use crate::money::MicroUsd;
use crate::server::{Reply, Shared};

/// What an account without a monthly limit says its limit is.
const NO_MONTHLY_LIMIT: MicroUsd = MicroUsd(100_000_000_000);

/// `GET /v2/users/me`.
pub(super) fn me() -> Reply {
    Reply::data(
        200,
        &json!({
            "id": "7sT5jcggjjA9fNcxF", "username": "emulated", "email": "emulated@example.org", "isPaying": true,
            "profile": {"name": "Emulated account"}, "createdAt": "2025-01-01T00:00:00.000Z",
            "plan": {"id": "STARTER", "monthlyBasePriceUsd": 39},
            "proxy": {"groups": []},
        }),
    )
}

/// First and last moment of the month.
fn cycle(now: Millis) -> (Millis, Millis) {
    let zoned = now.timestamp().to_zoned(TimeZone::UTC);
    let first = zoned.first_of_month().and_then(|day| day.start_of_day());
    let last = zoned.last_of_month().and_then(|day| day.end_of_day());
    let millis =
        |zoned: Result<jiff::Zoned, jiff::Error>| zoned.map_or(now, |zoned| Millis(zoned.timestamp().as_millisecond()));
    (millis(first), millis(last))
}

fn gigabytes(mb: u32) -> f64 {
    f64::from(mb) / 1_024.0
}

/// `GET /v2/users/me/limits`.
pub(super) fn limits(shared: &Shared) -> Reply {
    let now = shared.clock.now();
    let world = shared.world();
    let (start, end) = cycle(now);
    let account = &world.account;
    Reply::data(
        200,
        &json!({
            "monthlyUsageCycle": {"startAt": start.iso(), "endAt": end.iso()},
            "limits": {
                "maxMonthlyUsageUsd": account.monthly_micro_usd.unwrap_or(NO_MONTHLY_LIMIT).usd(),
                "maxMonthlyActorComputeUnits": 1_000, "maxMonthlyExternalDataTransferGbytes": 7,
                "maxMonthlyProxySerps": 50, "maxMonthlyResidentialProxyGbytes": 0.5,
                "maxActorMemoryGbytes": gigabytes(account.memory_mb), "maxActorCount": 500, "maxActorTaskCount": 5_000,
                "maxScheduleCount": 100, "maxConcurrentActorJobs": account.concurrent_runs, "maxTeamAccountSeatCount": 3,
                "dataRetentionDays": 14,
            },
            "current": {
                "monthlyUsageUsd": world.spent(now).usd(), "monthlyActorComputeUnits": 0,
                "monthlyExternalDataTransferGbytes": 0, "monthlyProxySerps": 0, "monthlyResidentialProxyGbytes": 0,
                "actorMemoryGbytes": gigabytes(world.memory_mb()), "actorCount": 0, "actorTaskCount": 0,
                "scheduleCount": 0, "activeActorJobCount": world.active(), "teamAccountSeatCount": 1,
            },
        }),
    )
}

/// `GET /v2/users/me/usage/monthly`.
pub(super) fn usage(shared: &Shared) -> Reply {
    let now = shared.clock.now();
    let spent = shared.world().spent(now).usd();
    let (start, end) = cycle(now);
    Reply::data(
        200,
        &json!({
            "usageCycle": {"startAt": start.iso(), "endAt": end.iso()},
            "monthlyServiceUsage": {"PAID_ACTORS_PER_EVENT": {"quantity": 1, "baseAmountUsd": spent, "baseUnitPriceUsd": spent}},
            "dailyServiceUsages": [],
            "totalUsageCreditsUsdBeforeVolumeDiscount": spent, "totalUsageCreditsUsdAfterVolumeDiscount": spent,
        }),
    )
}

/// `GET /v2/actors/{actor}`.
pub(super) fn actor(route: &Route) -> Result<Reply, ApiError> {
    let actor = known(route)?;
    let build = json!({
        "buildId": actor.build_id, "buildNumber": actor.build_number, "finishedAt": "2026-07-30T09:12:44.000Z",
    });
    Ok(Reply::data(
        200,
        &json!({
            "id": actor.id, "userId": "ZscMwFR5H7eCtWtyh", "name": actor.name, "username": actor.user, "title": actor.title,
            "description": actor.title, "isPublic": true, "isDeprecated": false,
            "createdAt": "2023-01-10T10:00:00.000Z", "modifiedAt": "2026-07-30T09:12:44.000Z",
            "stats": {"totalBuilds": 1, "totalRuns": 1, "totalUsers": 1}, "versions": [],
            "pricingInfos": [actor.pricing_info()],
            "defaultRunOptions": {"build": "latest", "timeoutSecs": actor.timeout_s, "memoryMbytes": actor.memory_mb},
            "taggedBuilds": {"latest": build}, "exampleRunInput": Value::Null,
        }),
    ))
}

//! `plan`: what the next days would run and cost, and which budget would bind.
//!
//! Owns: how a forecast is printed. Must not know: how it is made: `core::forecast` walks through the budgets with the rules
//! that admit runs.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_core::forecast::{Bound, Costs, Forecast, Forecaster, Outlook, Row};
use tidegate_core::id::{ProfileName, Tenant};
use tidegate_core::money::MicroUsd;

use super::args::{Place, PlanArgs};
use super::error::{CliError, Exit};
use super::home::{Home, each_source};
use super::output::{Output, table};
use crate::ports::{Clock, CostRow};
use crate::system::SystemClock;

/// Runs are expected to cost what those of so long have cost on average.
const COSTS_OF: Duration = Duration::from_secs(30 * 86_400);

/// Prints a forecast.
pub(super) async fn plan(place: &Place, args: &PlanArgs, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    let store = home.existing_store().await?;
    let now = SystemClock.now();
    let ledger = store.ledger(now).await?.into_iter().map(|row| (row.window, row.balance));
    let (profiles, global) = (home.profiles()?.by_name(), home.config.global_budget());
    let costs = Costs { profiles: means(store.costs(now.minus(COSTS_OF)).await?), ..Costs::default() };
    let mut forecaster = Forecaster::new(&profiles, &global, &costs, ledger, now);
    each_source(&*store, |source| forecaster.add(source)).await?;
    let forecast = forecaster.finish(args.days);
    output.data(&forecast, |forecast| told(forecast, args.days))?;
    Ok(Exit::Ok)
}

/// Rounded up to the next millionth, so that a forecast is never below the sum.
fn means(rows: Vec<CostRow>) -> BTreeMap<(Tenant, ProfileName), MicroUsd> {
    let paid = rows.into_iter().filter(|row| row.runs > 0);
    paid.map(|row| ((row.tenant, row.profile), MicroUsd::new(row.cost.micros().div_ceil(row.runs)))).collect()
}

fn told(forecast: &Forecast, days: u32) -> String {
    let mut text = if forecast.rows.is_empty() {
        "There are no sources.\n".to_owned()
    } else {
        let mut rows: Vec<Vec<String>> = forecast.rows.iter().map(cells).collect();
        rows.push(total(forecast));
        let head =
            ["TENANT", "PROFILE", "SOURCES", "IDLE", "RUNS", "AT WORST", "EXPECTED", "PUT OFF", "FIRST BOUND BY"];
        table(&head, &rows)
    };
    let likely = forecast.expected.as_ref().unwrap_or(&forecast.worst);
    text.push('\n');
    text.push_str(&match &likely.bound {
        None => format!("No budget binds in the next {days} days.\n"),
        Some(bound) => format!("First to bind: {}, at {}.\n", named(bound), bound.at),
    });
    text.push_str(match &forecast.expected {
        None => "What runs really cost is not known yet: each is taken at its worst case.\n",
        Some(_) => "Runs and what binds are told for the mean cost of the last 30 days' runs; where there were none, for the worst case.\n",
    });
    text
}

fn cells(row: &Row) -> Vec<String> {
    let names = [row.tenant.to_string(), row.profile.to_string()];
    let counts = [row.sources.to_string(), row.idle.to_string()];
    names.into_iter().chain(counts).chain(outlook(&row.worst, row.expected.as_ref())).collect()
}

fn total(forecast: &Forecast) -> Vec<String> {
    let sum = |count: fn(&Row) -> u64| forecast.rows.iter().map(count).sum::<u64>().to_string();
    let names = ["in all".to_owned(), String::new(), sum(|row| row.sources), sum(|row| row.idle)];
    names.into_iter().chain(outlook(&forecast.worst, forecast.expected.as_ref())).collect()
}

/// Runs and what binds as they are to be expected; money both ways.
fn outlook(worst: &Outlook, expected: Option<&Outlook>) -> [String; 5] {
    let likely = expected.unwrap_or(worst);
    [
        likely.runs.to_string(),
        worst.money.to_string(),
        expected.map_or_else(|| "-".to_owned(), |expected| expected.money.to_string()),
        likely.put_off.to_string(),
        likely.bound.as_ref().map_or_else(|| "-".to_owned(), named),
    ]
}

fn named(bound: &Bound) -> String {
    format!("{} {}", bound.window.measure.amount(bound.limit), bound.window)
}

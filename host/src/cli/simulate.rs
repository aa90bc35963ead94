//! `simulate`: from what is typed to a world, and its figures.
//!
//! Owns: the form of its options. Must not know: what happens in a world.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_core::budget::Limits;
use tidegate_core::failure::Class;
use tidegate_core::money::MicroUsd;
use tidegate_core::time::Span;

use super::args::SimulateArgs;
use super::error::{CliError, Exit};
use super::output::Output;
use crate::simulate::{self, Outage, People, Prices, Weather, World};

pub(super) async fn simulate(args: &SimulateArgs, output: Output) -> Result<Exit, CliError> {
    let world = world(args)?;
    // On a thread of its own: virtual time is the whole runtime's.
    let report = tokio::task::spawn_blocking(move || simulate::simulate(&world)).await;
    let report = report.map_err(|error| CliError::failed(format!("the simulation broke off: {error}")))?;
    let report = report.map_err(|error| CliError::failed(error.to_string()))?;
    output.data(&report, simulate::Report::text)?;
    Ok(if report.failed_passes == 0 && report.problems.is_empty() { Exit::Ok } else { Exit::Failed })
}

fn world(args: &SimulateArgs) -> Result<World, CliError> {
    let default = World::default();
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let outages = args.outage.iter().map(|text| times("--outage", text)).collect::<Result<Vec<_>, _>>()?;
    Ok(World {
        seed: args.seed,
        hours: args.hours,
        people: People {
            users: count(args.users),
            follows: args.follows,
            zipf: args.zipf,
            active: args.active,
            visits_per_day: args.visits,
            daily: true,
        },
        sources: count(args.sources),
        paid: args.paid,
        posts_per_day: args.posts,
        weather: Weather {
            latency: Duration::from_millis(args.latency),
            failures: failures(&args.failures)?,
            outages: outages.into_iter().map(|(from, lasts)| Outage { from, lasts }).collect(),
            ..default.weather
        },
        prices: Prices {
            start: money("--price-start", &args.price_start)?,
            element: money("--price-element", &args.price_element)?,
        },
        budget: Limits {
            runs_per_day: args.runs_per_day,
            usd_per_day: args.usd_per_day.as_deref().map(|text| money("--usd-per-day", text)).transpose()?,
            usd_per_month: None,
        },
        runs_at_once: count(args.runs_at_once),
        sleeps: args.sleep.iter().map(|text| times("--sleep", text)).collect::<Result<_, _>>()?,
        ..default
    })
}

fn money(option: &str, text: &str) -> Result<MicroUsd, CliError> {
    MicroUsd::from_decimal(text).map_err(|error| CliError::usage(format!("{option}: {error}")))
}

/// `FROM+FOR`.
fn times(option: &str, text: &str) -> Result<(Duration, Duration), CliError> {
    let wrong = || CliError::usage(format!("{option}: {text:?} is not FROM+FOR, for example 8h+30m"));
    let (from, lasts) = text.split_once('+').ok_or_else(wrong)?;
    let span = |text: &str| {
        if text == "0" { Ok(Duration::ZERO) } else { text.parse().map(Span::duration).map_err(|_| wrong()) }
    };
    Ok((span(from)?, span(lasts)?))
}

/// `none` and `CLASS=PART`, one after the other.
fn failures(typed: &[String]) -> Result<BTreeMap<Class, f64>, CliError> {
    let mut failures = Weather::default().failures;
    for text in typed {
        if text == "none" {
            failures.clear();
            continue;
        }
        let known = || {
            let words: Vec<&str> = Class::ALL.iter().map(|class| class.word()).collect();
            format!("one of {}, \"=\" and a part from 0 to 1; or none", words.join(", "))
        };
        let wrong = || CliError::usage(format!("--failures: {text:?} is not {}", known()));
        let (word, part) = text.split_once('=').ok_or_else(wrong)?;
        let class = Class::from_word(word).ok_or_else(wrong)?;
        let part: f64 = part.parse().ok().filter(|part| (0.0..=1.0).contains(part)).ok_or_else(wrong)?;
        failures.insert(class, part);
    }
    Ok(failures)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn times_and_failures_are_read_or_refused() {
        let (hours, minutes) = (Duration::from_secs(8 * 3_600), Duration::from_secs(1_800));
        assert_eq!(times("--outage", "8h+30m").unwrap(), (hours, minutes));
        assert_eq!(times("--sleep", "0+8h").unwrap(), (Duration::ZERO, hours));
        for wrong in ["8h", "8h+", "+8h", "x+8h", ""] {
            assert!(times("--outage", wrong).is_err(), "{wrong}");
        }
        let read = |typed: &[&str]| failures(&typed.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&[]).unwrap(), Weather::default().failures);
        assert_eq!(read(&["none", "gone=0.5"]).unwrap(), BTreeMap::from([(Class::Gone, 0.5)]));
        for wrong in ["gone", "flying=0.1", "gone=2", "gone=x"] {
            assert!(read(&[wrong]).is_err(), "{wrong}");
        }
    }
}

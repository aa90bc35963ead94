//! `replay`: kept pages normalized again with the plugin of now, without network and for free.
//!
//! Owns: the command and what it prints. Must not know: what differs, or how it is written. It makes no way out: neither egress
//! nor actors are set up in this process.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidegate_core::counted::counted;
use tidegate_core::id::ProfileName;
use tokio::time::Instant;

use super::args::{Place, ReplayArgs};
use super::error::{CliError, Exit};
use super::home::{Home, find_source};
use super::moment::moment;
use super::output::{Output, fields, short};
use super::progress::watched;
use crate::engine::replay::{Offline, Refused, Report, Wish, replay as again};
use crate::ports::Plugins;
use crate::system::{SystemClock, SystemDice};
use crate::telemetry;

impl From<Refused> for CliError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Store(error) => error.into(),
            partly @ Refused::Partly { .. } => {
                let message = partly.to_string();
                let Refused::Partly { cause, .. } = partly else { return Self::failed(message) };
                let error = Self::from(cause);
                let hint = "what was written stays, and the next replay finds it unchanged";
                let hint = error.hint.map_or_else(|| hint.to_owned(), |first| format!("{first}; {hint}"));
                Self { message, hint: Some(hint), ..Self::new(error.exit, "") }
            }
            absent @ Refused::Absent { .. } => Self::not_found(absent.to_string())
                .hint("`tidegate profile list` and `tidegate plugin list` show what there is"),
        }
    }
}

/// Runs `replay`.
pub(super) async fn replay(place: &Place, args: &ReplayArgs, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    let profiles = home.profiles()?.by_name();
    let profile = match args.profile.as_deref().map(str::parse::<ProfileName>) {
        None => None,
        Some(Ok(name)) => Some(name),
        Some(Err(error)) => return Err(CliError::usage(format!("--profile: {error}"))),
    };
    let since = args.since.as_deref().map(|text| moment("--since", text)).transpose()?;
    let until = args.until.as_deref().map(|text| moment("--until", text)).transpose()?;
    let store = home.existing_store().await?;
    let done = async {
        let source = match &args.source {
            Some(name) => Some(find_source(&*store, name).await?),
            None => None,
        };
        if let (Some(profile), Some(source)) = (&profile, &source)
            && source.profile != *profile
        {
            return Err(CliError::usage(format!(
                "source {} is of profile {}, not {profile}",
                source.id, source.profile
            )));
        }
        let plugins: Arc<dyn Plugins> = Arc::new(home.catalogue().await?);
        let (clock, dice, observer) = (Arc::new(SystemClock), Arc::new(SystemDice), Arc::new(telemetry::LogObserver));
        let ports = Offline { store: Arc::clone(&store), plugins, clock, dice, observer };
        let wish = Wish {
            profile,
            source: source.map(|source| source.id),
            since,
            until,
            write: args.write,
            show: usize::try_from(args.show).unwrap_or(usize::MAX),
            at_once: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        };
        let began = Instant::now();
        let report = watched("normalizing kept pages", again(&ports, &profiles, &wish)).await?;
        Ok((report, began.elapsed()))
    }
    .await;
    store.close().await;
    let (report, took) = done?;
    output.data(&data(&report, took, args.write), |_| told(&report, took, args.write))?;
    Ok(if report.pages.faults == 0 { Exit::Ok } else { Exit::Failed })
}

/// What a second brought.
fn per_second(count: u64, took: Duration) -> f64 {
    let rate = count as f64 / took.as_secs_f64().max(1e-6);
    rate.round()
}

fn data(report: &Report, took: Duration, write: bool) -> Value {
    let mut data = json!(report);
    if let Value::Object(object) = &mut data {
        object.insert("written".to_owned(), json!(write));
        object.insert("same".to_owned(), json!(report.is_the_same()));
        object.insert("seconds".to_owned(), json!(took.as_secs_f64()));
        object.insert("items_per_second".to_owned(), json!(per_second(report.items_read, took)));
    }
    data
}

fn told(report: &Report, took: Duration, write: bool) -> String {
    let pages = &report.pages;
    if pages.replayed + pages.not_replayable + pages.failed + pages.faults == 0 {
        return "no pages are kept that fit; a profile keeps them with keep_pages\n".to_owned();
    }
    let mut text = String::new();
    for shown in &report.shown {
        let _ok = writeln!(text, "{} {}: {}", plain(&shown.identifier), plain(&shown.external_id), shown.change);
        for field in &shown.fields {
            let _ok = writeln!(text, "  {}: {:?} -> {:?}", field.field, field.before, field.after);
        }
    }
    for trouble in &report.trouble {
        let _ok = writeln!(text, "{}", plain(trouble));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let some = |count: u64| (count > 0).then(|| count.to_string());
    let items = &report.items;
    text.push_str(&fields(&[
        ("sources", Some(report.sources.to_string())),
        ("pages", Some(format!("{} normalized again", pages.replayed))),
        ("  failed", some(pages.failed)),
        ("  broke down", some(pages.faults)),
        ("  not replayable", some(pages.not_replayable)),
        ("items", Some(format!("{} read, {} a second", report.items_read, per_second(report.items_read, took)))),
        ("  unchanged", Some(items.same.to_string())),
        ("  changed", Some(items.changed.to_string())),
        ("  other metrics", Some(items.metrics.to_string())),
        ("  new", Some(items.new.to_string())),
        ("  removed", some(items.removed)),
        ("  gone", some(report.gone).map(|gone| format!("{gone} (they stay as they are)"))),
        ("  before horizon", some(items.before_horizon)),
        ("  newer", some(items.newer).map(|newer| format!("{newer} (what is stored is newer than these pages)"))),
        ("rejected", some(report.rejected)),
        ("dead letters mended", some(report.letters)),
        ("overtaken", some(report.overtaken).map(|count| format!("{count} changed meanwhile, and were left"))),
    ]));
    text.push_str(&match (report.items.is_nothing() && report.letters == 0, write) {
        (true, _) => "nothing differs from what is stored\n".to_owned(),
        (false, true) => format!("written as {} of trigger replay\n", counted(report.runs.len() as u64, "run")),
        (false, false) => "nothing was written; --write applies it\n".to_owned(),
    });
    text
}

/// What strangers wrote, on one line.
fn plain(text: &str) -> String {
    short(&text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>(), 300)
}

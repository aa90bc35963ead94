//! `source add|list|show|pause|resume|remove`. What explains and runs sources stands in `explain` and `one_off`.

use std::io::{IsTerminal, Read};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};
use tidegate_core::actor::gate::Gate;
use tidegate_core::eligibility::{self, Circumstances, Presence};
use tidegate_core::profile::Profile;
use tidegate_core::source::{PausedBy, Source, SourceState};

use super::args::{Place, SourceAddArgs, SourceCommand};
use super::error::{CliError, Exit};
use super::home::{Home, find_source, tenant};
use super::output::{Output, fields, short, table};
use super::schedule;
use crate::engine::explain::reckon;
use crate::engine::sources::{Wish, create};
use crate::ports::{Clock, Created, DeadFilter, RunFilter, SourceFilter};
use crate::system::SystemClock;

/// Runs a `source` command.
pub(super) async fn source(place: &Place, command: SourceCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    match command {
        SourceCommand::Add(args) => add(&home, args, output).await,
        SourceCommand::List { tenant, profile, state, after, limit } => {
            let filter = filter(tenant.as_deref(), profile.as_deref(), state, after.as_deref(), limit)?;
            list(&home, &filter, output).await
        }
        SourceCommand::Show { source } => show(&home, &source, output).await,
        SourceCommand::Explain { source } => Box::pin(super::explain::run(&home, &source, output)).await,
        SourceCommand::Run(args) => super::one_off::run(&home, &args, output).await,
        SourceCommand::Pause { which, reason } => super::pause::pause(&home, &which, &reason, output).await,
        SourceCommand::Resume { which } => super::pause::resume(&home, &which, output).await,
        SourceCommand::Remove { source, yes } => remove(&home, &source, yes, output).await,
    }
}

/// What `source add` prints for each identifier.
#[derive(Serialize)]
struct Added {
    id: String,
    identifier: String,
    created: bool,
}

async fn add(home: &Home, args: SourceAddArgs, output: Output) -> Result<Exit, CliError> {
    let mut identifiers = args.identifiers.clone();
    if let Some(from) = &args.from {
        identifiers.extend(read_identifiers(from)?);
    }
    if identifiers.is_empty() {
        return Err(
            CliError::usage("there is nothing to add").hint("name at least one identifier, or a file with --from")
        );
    }
    let schedule = schedule::typed(&args)?;
    let overrides = overrides(args.overrides.as_deref(), &args.set)?;
    let tenant = tenant(&args.tenant)?;
    let (store, ports, settings) = home.beside().await?;
    let mut added = Vec::with_capacity(identifiers.len());
    let mut failed: Option<CliError> = None;
    for identifier in identifiers {
        let wish = Wish {
            tenant: tenant.clone(),
            profile: args.profile.clone(),
            identifier,
            overrides: overrides.clone(),
            schedule: schedule.clone(),
            active: !args.inactive,
        };
        match create(&ports, &settings, wish).await {
            Ok(created) => {
                let (source, new) = match created {
                    Created::New(source) => (source, true),
                    Created::Existing(source) => (source, false),
                };
                added.push(Added { id: source.id.to_string(), identifier: source.identifier, created: new });
            }
            Err(refused) => {
                failed = Some(refused.into());
                break;
            }
        }
    }
    store.close().await;
    if !added.is_empty() || failed.is_none() {
        output.data(&json!({ "sources": added }), |_| {
            let line = |source: &Added| {
                let what = if source.created { "added" } else { "there already:" };
                format!("{what} {} {}\n", source.id, source.identifier)
            };
            added.iter().map(line).collect()
        })?;
    }
    match failed {
        None => Ok(Exit::Ok),
        Some(error) if added.is_empty() => Err(error),
        Some(mut error) => {
            error.message = format!("after {} sources: {}", added.len(), error.message);
            Err(error)
        }
    }
}

/// Identifiers from a file, one a line. At most 16 MiB.
fn read_identifiers(from: &Path) -> Result<Vec<String>, CliError> {
    const MOST: u64 = 16 << 20;
    let refuse = |error: std::io::Error| CliError::failed(format!("{} cannot be read: {error}", from.display()));
    let mut text = String::new();
    if from == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_string(&mut text).map_err(refuse)?;
    } else {
        std::fs::File::open(from).map_err(refuse)?.take(MOST).read_to_string(&mut text).map_err(refuse)?;
    }
    Ok(text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect())
}

/// `--overrides` with each `--set` laid over it.
pub(super) fn overrides(object: Option<&str>, set: &[String]) -> Result<Map<String, Value>, CliError> {
    let mut overrides = match object.map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(Value::Object(object))) => object,
        Some(Ok(_)) => {
            return Err(CliError::usage("--overrides is not a JSON object").hint("for example '{\"discover\": false}'"));
        }
        Some(Err(error)) => return Err(CliError::usage(format!("--overrides is not JSON: {error}"))),
    };
    for pair in set {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(CliError::usage(format!("--set {pair:?} is not NAME=VALUE")));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        overrides.insert(name.to_owned(), value);
    }
    Ok(overrides)
}

fn filter(
    of_tenant: Option<&str>,
    profile: Option<&str>,
    state: Option<String>,
    after: Option<&str>,
    limit: u32,
) -> Result<SourceFilter, CliError> {
    const STATES: [&str; 4] = ["active", "inactive", "paused", "invalid"];
    if let Some(state) = &state
        && !STATES.contains(&state.as_str())
    {
        return Err(CliError::usage(format!("--state {state:?}: states are {}", STATES.join(", "))));
    }
    let wrong = |name: &'static str| move |error: &dyn std::fmt::Display| CliError::usage(format!("--{name}: {error}"));
    Ok(SourceFilter {
        tenant: of_tenant.map(tenant).transpose()?,
        profile: profile.map(str::parse).transpose().map_err(|error| wrong("profile")(&error))?,
        state,
        after: after.map(str::parse).transpose().map_err(|error| wrong("after")(&error))?,
        limit,
    })
}

async fn list(home: &Home, filter: &SourceFilter, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let sources = store.sources(filter).await?;
    output.data(&json!({ "sources": sources }), |_| {
        let rows: Vec<Vec<String>> = sources.iter().map(row).collect();
        if rows.is_empty() {
            let all =
                filter.tenant.is_none() && filter.profile.is_none() && filter.state.is_none() && filter.after.is_none();
            let add = "no sources; add one with: tidegate source add --profile rss_profile URL";
            return if all { add } else { "no source matches" }.to_owned();
        }
        table(&["ID", "TENANT", "PROFILE", "STATE", "FAILURES", "LAST SUCCESS", "NEXT RUN", "IDENTIFIER"], &rows)
    })?;
    Ok(Exit::Ok)
}

fn row(source: &Source) -> Vec<String> {
    let time =
        |time: Option<tidegate_core::time::UtcMillis>| time.map_or_else(|| "-".to_owned(), |time| time.to_string());
    vec![
        source.id.to_string(),
        source.tenant.to_string(),
        source.profile.to_string(),
        if source.running.is_some() { "running".to_owned() } else { source.state.word().to_owned() },
        source.failure_count.to_string(),
        time(source.last_success_at),
        time(source.next_run.map(|next| next.at)),
        short(&source.identifier, 80),
    ]
}

/// The gate before a profile's sources, the account's first.
fn before<'a>(gates: &'a [Gate], profile: &Profile) -> Option<&'a Gate> {
    profile.gates().iter().find_map(|key| gates.iter().find(|gate| gate.key == *key))
}

async fn show(home: &Home, name: &str, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let source = find_source(&*store, name).await?;
    let runs = store.runs(&RunFilter { source: Some(source.id), limit: 5, ..RunFilter::default() }).await?;
    let last_skip = store.last_skip(source.id).await?;
    let profiles = home.profiles()?;
    let profile = profiles.usable.get(&source.profile).map(|file| &file.profile);
    let queued = runs.iter().find(|run| run.stage == crate::ports::RunStage::Queued).map(|run| run.trigger);
    // Whether the plugin is loaded is the daemon's knowledge; `plugin list` tells.
    let now = SystemClock.now();
    let gates = store.gates().await?;
    let gate = profile.and_then(|profile| before(&gates, profile));
    let given =
        Circumstances { now, queued, plugin: Presence::Serves, quarantine: None, gate, host: None, account: None };
    let verdict = match eligibility::decide(&source, profile, given) {
        Ok(eligible) => format!("would run now ({})", eligible.trigger()),
        Err(skip) => {
            let until = skip.until.map(|until| format!(", until {until}")).unwrap_or_default();
            format!("does not run now: {}{until}", skip.reason)
        }
    };
    let filter = DeadFilter { source: Some(source.id), ..DeadFilter::default() };
    let dead: u64 = store.dead_counts(&filter).await?.iter().map(|count| count.count).sum();
    let skip = last_skip.as_ref().map(|(at, why)| json!({ "at": at, "reason": why }));
    let reckoned = profile.and_then(|profile| reckon(&source, profile, now));
    let data = json!({
        "source": source, "verdict": verdict, "schedule": reckoned, "last_skip": skip, "dead_letters": dead, "runs": runs
    });
    output.data(&data, |_| {
        let mut text = described(&source, &verdict, last_skip.as_ref().map(|(at, why)| format!("{at}: {why}")));
        if let Some(reckoned) = &reckoned {
            text.push_str("\nby its schedule\n");
            text.push_str(&schedule::told(reckoned));
        }
        if dead > 0 {
            text.push_str(&format!("dead letters: {dead} (`tidegate dead list --source {}`)\n", source.id));
        }
        if !runs.is_empty() {
            text.push_str("\nlast runs\n");
            text.push_str(&super::runs::listed(&runs));
        }
        text
    })?;
    Ok(Exit::Ok)
}

fn described(source: &Source, verdict: &str, last_skip: Option<String>) -> String {
    let state = match &source.state {
        SourceState::Active | SourceState::Inactive => source.state.word().to_owned(),
        SourceState::Paused { since, by: PausedBy::Operator, reason } => {
            format!("paused by an operator since {since}: {reason}")
        }
        SourceState::Paused { since, by: PausedBy::Automatic, reason } => {
            format!("paused automatically since {since}: {reason}")
        }
        SourceState::Paused { since, by: PausedBy::PluginMissing, reason } => {
            format!("paused since {since} until its plugin is there again: {reason}")
        }
        SourceState::Invalid { since, reason } => format!("invalid since {since}: {reason}"),
    };
    let time = |time: Option<tidegate_core::time::UtcMillis>| time.map(|time| time.to_string());
    fields(&[
        ("id", Some(source.id.to_string())),
        ("tenant", Some(source.tenant.to_string())),
        ("profile", Some(source.profile.to_string())),
        ("identifier", Some(source.identifier.clone())),
        ("name", source.display_name.clone()),
        ("overrides", (!source.overrides.is_empty()).then(|| Value::Object(source.overrides.clone()).to_string())),
        ("schedule", source.schedule.as_ref().map(ToString::to_string)),
        ("state", Some(state)),
        ("now", Some(verdict.to_owned())),
        ("last skip", last_skip),
        ("next run", source.next_run.map(|next| format!("{} ({})", next.at, next.trigger))),
        ("failures", Some(source.failure_count.to_string())),
        ("last attempt", time(source.last_fetched_at)),
        ("last success", time(source.last_success_at)),
        ("runs", Some(source.total_runs.to_string())),
        ("created", Some(source.created_at.to_string())),
    ])
}

async fn remove(home: &Home, name: &str, yes: bool, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let source = find_source(&*store, name).await?;
    if !yes {
        if !std::io::stdin().is_terminal() {
            return Err(
                CliError::usage("removing a source deletes its items, pages and runs").hint("say --yes to do it")
            );
        }
        output.note(&format!("Remove {} with all its items, pages and runs? Type yes.", source.identifier));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map_err(|error| CliError::failed(error.to_string()))?;
        if answer.trim() != "yes" {
            return Err(CliError::failed("nothing was removed"));
        }
    }
    let removed = store.remove(source.id).await?;
    changed(removed, output)
}

pub(super) fn changed(source: Option<Source>, output: Output) -> Result<Exit, CliError> {
    let source = source.ok_or_else(|| CliError::not_found("the source is gone"))?;
    output.data(&json!({ "source": source }), |_| {
        format!("{} {}: {}", source.id, source.identifier, source.state.word())
    })?;
    Ok(Exit::Ok)
}

//! `source pause|resume`: one source, or those of a profile.
//!
//! Owns: which sources are meant. Must not know: what a pause does to a run under way (the store and the engine do).

use serde_json::json;
use tidegate_core::counted::counted;
use tidegate_core::source::{PausedBy, Source};

use super::dead_args::WhichSources;
use super::error::{CliError, Exit};
use super::home::{Home, find_source};
use super::output::Output;
use super::source::changed;
use crate::ports::{Clock, SourceFilter, Store};
use crate::system::SystemClock;

/// Runs `source pause`.
pub(super) async fn pause(home: &Home, which: &WhichSources, reason: &str, output: Output) -> Result<Exit, CliError> {
    if reason.chars().any(char::is_control) || reason.len() > tidegate_core::limits::MESSAGE_BYTES {
        return Err(CliError::usage("--reason is a sentence on one line, at most 1 KiB"));
    }
    let store = home.existing_store().await?;
    let mut done = Vec::new();
    for source in meant(&*store, which, "active").await? {
        done.push(store.pause(source.id, PausedBy::Operator, reason, SystemClock.now()).await?);
    }
    told(which, done, "paused", output)
}

/// Runs `source resume`.
pub(super) async fn resume(home: &Home, which: &WhichSources, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let mut done = Vec::new();
    for source in meant(&*store, which, "paused").await? {
        done.push(store.resume(source.id, SystemClock.now()).await?);
    }
    told(which, done, "resumed", output)
}

/// The source that is named, or those of the profile in this state.
async fn meant(store: &dyn Store, which: &WhichSources, state: &str) -> Result<Vec<Source>, CliError> {
    if let Some(name) = &which.source {
        return Ok(vec![find_source(store, name).await?]);
    }
    let profile = which.profile.as_deref().map(str::parse).transpose();
    let profile = profile.map_err(|error| CliError::usage(format!("--profile: {error}")))?;
    let found = matching(store, SourceFilter { profile, ..SourceFilter::default() }, state).await?;
    if found.is_empty() {
        let message = format!("no {state} source matches");
        return Err(CliError::not_found(message).hint("`tidegate source list` shows what there is"));
    }
    Ok(found)
}

/// All sources of a filter that are in this state.
pub(super) async fn matching(store: &dyn Store, filter: SourceFilter, state: &str) -> Result<Vec<Source>, CliError> {
    let limit = tidegate_core::limits::LIST_ROWS;
    let mut filter = SourceFilter { state: Some(state.to_owned()), after: None, limit, ..filter };
    let mut all = Vec::new();
    loop {
        let sources = store.sources(&filter).await?;
        let Some(last) = sources.last() else { return Ok(all) };
        filter.after = Some(last.id);
        all.extend(sources);
    }
}

fn told(which: &WhichSources, done: Vec<Option<Source>>, word: &str, output: Output) -> Result<Exit, CliError> {
    if which.source.is_some() {
        return changed(done.into_iter().next().flatten(), output);
    }
    // A source that was removed meanwhile is none of them.
    let done: Vec<Source> = done.into_iter().flatten().collect();
    output.data(&json!({ "sources": done }), |_| format!("{} {word}", counted(done.len() as u64, "source")))?;
    Ok(Exit::Ok)
}

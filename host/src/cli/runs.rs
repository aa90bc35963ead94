//! `runs list|show`.

use serde_json::json;
use tidegate_core::actor::{RemoteId, RemoteStatus};
use tidegate_core::id::RunId;
use tidegate_core::money::MicroUsd;
use tidegate_core::run::Ending;

use super::args::{Place, RunsCommand};
use super::error::{CliError, Exit};
use super::home::{Home, find_source, tenant};
use super::output::{Output, fields, short, table};
use crate::ports::{ActorRunRow, RunFilter, RunRow, RunStage};

/// Runs a `runs` command.
pub(super) async fn runs(place: &Place, command: &RunsCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    let store = home.existing_store().await?;
    match command {
        RunsCommand::List { source, tenant: of_tenant, ending, stage, before, limit } => {
            let source = match source {
                Some(name) => Some(find_source(&*store, name).await?.id),
                None => None,
            };
            let ending = ending.as_deref().map(ending_of).transpose()?;
            let stage = stage.as_deref().map(stage_of).transpose()?;
            let before = before.as_deref().map(run_id).transpose()?;
            let tenant = of_tenant.as_deref().map(tenant).transpose()?;
            let runs = store.runs(&RunFilter { source, tenant, stage, ending, before, limit: *limit }).await?;
            output.data(&json!({ "runs": runs }), |_| {
                if runs.is_empty() { "no runs".to_owned() } else { listed(&runs) }
            })?;
        }
        RunsCommand::Show { run } => {
            let id = run_id(run)?;
            let run = store.run(id).await?.ok_or_else(|| {
                CliError::not_found(format!("there is no run {id}")).hint("`tidegate runs list` shows the last ones")
            })?;
            let actors = store.actor_runs(id).await?;
            let kept = store.pages(id).await?.len();
            let data = json!({ "run": run, "actor_runs": actors, "pages_kept": kept });
            output.data(&data, |_| described(&run, &actors, kept))?;
        }
    }
    Ok(Exit::Ok)
}

fn run_id(text: &str) -> Result<RunId, CliError> {
    text.parse().map_err(|error: tidegate_core::id::NotAnId| CliError::usage(error.to_string()))
}

fn ending_of(word: &str) -> Result<Ending, CliError> {
    Ending::from_word(word).ok_or_else(|| CliError::usage(format!("--ending {word:?}: endings are ok, no-new, failed")))
}

fn stage_of(word: &str) -> Result<RunStage, CliError> {
    match word {
        "queued" => Ok(RunStage::Queued),
        "running" => Ok(RunStage::Running),
        "waiting" => Ok(RunStage::Waiting),
        "ended" => Ok(RunStage::Ended),
        _ => Err(CliError::usage(format!("--stage {word:?}: stages are queued, running, waiting, ended"))),
    }
}

/// Runs as a table.
pub(super) fn listed(runs: &[RunRow]) -> String {
    let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
    table(&["ID", "SOURCE", "TRIGGER", "RESULT", "NEW", "CHANGED", "COST", "STARTED", "TOOK", "WHY"], &rows)
}

fn row(run: &RunRow) -> Vec<String> {
    vec![
        run.id.to_string(),
        run.source.to_string(),
        run.trigger.to_string(),
        result(run),
        run.counts.new.to_string(),
        (run.counts.updated + run.counts.metrics_updated + run.counts.removed).to_string(),
        if run.cost_estimate > MicroUsd::ZERO { run.cost.to_string() } else { "-".to_owned() },
        run.started_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
        took(run).unwrap_or_else(|| "-".to_owned()),
        run.failure.as_ref().map(|(class, message)| format!("{class}: {}", short(message, 80))).unwrap_or_default(),
    ]
}

fn result(run: &RunRow) -> String {
    match (run.stage, run.ending) {
        (RunStage::Queued, _) => "queued".to_owned(),
        (RunStage::Running, _) => "running".to_owned(),
        (RunStage::Waiting, _) => "waiting".to_owned(),
        (RunStage::Ended, ending) => ending.map_or("ended", Ending::word).to_owned(),
    }
}

fn took(run: &RunRow) -> Option<String> {
    let (start, end) = (run.started_at?, run.ended_at?);
    Some(format!("{} ms", end.since(start).as_millis()))
}

fn described(run: &RunRow, actors: &[ActorRunRow], kept: usize) -> String {
    let paid = run.cost_estimate > MicroUsd::ZERO;
    let counts = &run.counts;
    let number = |count: u32| (count > 0).then(|| count.to_string());
    let mut text = fields(&[
        ("id", Some(run.id.to_string())),
        ("source", Some(run.source.to_string())),
        ("tenant", Some(run.tenant.to_string())),
        ("profile", Some(run.profile.to_string())),
        ("trigger", Some(run.trigger.to_string())),
        ("result", Some(result(run))),
        ("failure", run.failure.as_ref().map(|(class, message)| format!("{class}: {message}"))),
        ("attempts", Some(run.attempt.to_string())),
        ("created", Some(run.created_at.to_string())),
        ("started", run.started_at.map(|at| at.to_string())),
        ("ended", run.ended_at.map(|at| at.to_string())),
        ("took", took(run)),
        ("fetches", Some(run.fetches.to_string())),
        ("bytes", Some(run.bytes.to_string())),
        // The page that a run failed on is kept and not taken.
        ("pages taken", Some(run.pages.to_string())),
        ("pages kept", Some(kept.to_string())),
        ("new items", Some(counts.new.to_string())),
        ("changed", number(counts.updated)),
        ("metrics changed", number(counts.metrics_updated)),
        ("known", number(counts.duplicate)),
        ("over the cap", number(counts.over_cap)),
        ("too old", number(counts.before_horizon)),
        ("gone", number(counts.removed)),
        ("rejected", number(counts.rejected)),
        ("fillers", number(counts.fillers)),
        ("cost at most", paid.then(|| run.cost_estimate.to_string())),
        ("cost", paid.then(|| run.cost.to_string())),
    ]);
    for actor in actors {
        let status = actor.status.map_or("unknown", RemoteStatus::word);
        let remote = actor.remote.as_ref().map_or("no run", RemoteId::as_str);
        let cost = actor.cost.map_or_else(|| "not known yet".to_owned(), |cost| cost.to_string());
        text.push_str(&format!(
            "actor run: {} ({}), {remote}, {status}, {} elements, cost {cost} of at most {}, {}\n",
            actor.actor, actor.build, actor.elements, actor.charge_cap, actor.stage
        ));
    }
    for warning in &run.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    text
}

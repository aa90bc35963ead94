//! `source run`: one-off runs, queued through the daemon's own admit pass.
//!
//! Owns: which sources are meant, waiting for the outcome, and telling it. Must not know: when a run may be queued or
//! admitted. Whoever runs them is the daemon, or `run-scheduled`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tidegate_core::counted::counted;
use tidegate_core::extra::{Extra, NotQueued};
use tidegate_core::id::{RunId, SourceId};
use tidegate_core::run::Ending;
use tidegate_core::source::Source;

use super::dead_args::RunArgs;
use super::error::{CliError, Exit};
use super::home::{Home, find_source, tenant};
use super::output::{Output, short, table};
use super::pause::matching;
use crate::ports::{Clock, Dice, Queued, RunRow, RunStage, SourceFilter, Store};
use crate::system::{SystemClock, SystemDice};

/// How often a run that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// What helps where all that matches is paused.
const RESUME: &str = "`tidegate source resume` lets one run again, with --profile all of a profile; `tidegate source list --state \
                      paused` says why";

/// What became of one source's wish.
#[derive(Serialize)]
struct Wished {
    source: SourceId,
    identifier: String,
    /// The run that is queued or under way.
    run: Option<RunId>,
    /// Whether there was one already.
    already: bool,
    /// Why nothing is queued.
    why: Option<String>,
    /// The run when it had ended, if that was waited for.
    outcome: Option<RunRow>,
}

/// Queues one-off runs.
pub(super) async fn run(home: &Home, args: &RunArgs, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let named = !args.sources.is_empty();
    let sources = if named { by_name(&*store, &args.sources).await? } else { by_filter(&*store, args).await? };
    let mut wishes = Vec::with_capacity(sources.len());
    for source in sources {
        wishes.push(wish(&*store, &source).await?);
    }
    let refused = wishes.iter().filter(|wish| wish.run.is_none()).count();
    let ended = if args.wait { wait(&*store, &mut wishes, args.timeout.duration(), output).await? } else { true };
    output.data(&json!({ "runs": wishes }), |_| listed(&wishes))?;
    let failed = wishes.iter().filter_map(|wish| wish.outcome.as_ref()).any(|run| run.ending == Some(Ending::Failed));
    // Of many, some are always paused; of those that were named, none is meant to be.
    if refused > 0 && (named || refused == wishes.len()) {
        return Ok(Exit::Refused);
    }
    Ok(if failed || !ended { Exit::Failed } else { Exit::Ok })
}

async fn by_name(store: &dyn Store, names: &[String]) -> Result<Vec<Source>, CliError> {
    let mut sources: BTreeMap<SourceId, Source> = BTreeMap::new();
    for name in names {
        let source = find_source(store, name).await?;
        sources.insert(source.id, source);
    }
    Ok(sources.into_values().collect())
}

pub(super) async fn by_filter(store: &dyn Store, args: &RunArgs) -> Result<Vec<Source>, CliError> {
    let profile = args.profile.as_deref().map(str::parse).transpose();
    let filter = SourceFilter {
        tenant: args.tenant.as_deref().map(tenant).transpose()?,
        profile: profile.map_err(|error| CliError::usage(format!("--profile: {error}")))?,
        ..SourceFilter::default()
    };
    let all = matching(store, filter.clone(), "active").await?;
    if !all.is_empty() {
        return Ok(all);
    }
    Err(match matching(store, filter, "paused").await?.len() as u64 {
        0 => CliError::not_found("no active source matches").hint("`tidegate source list` shows what there is"),
        1 => CliError::refused("1 source matches and is paused").hint(RESUME),
        paused => CliError::refused(format!("{paused} sources match and are paused")).hint(RESUME),
    })
}

async fn wish(store: &dyn Store, source: &Source) -> Result<Wished, CliError> {
    let now = SystemClock.now();
    let id = RunId::new(now, SystemDice.throw());
    let (run, already, why) = match store.queue_extra(source.id, Extra::OneOff, id, now).await? {
        Queued::New => (Some(id), false, None),
        Queued::Not(NotQueued::Already { run, .. }) => (Some(run), true, None),
        Queued::Not(why) => (None, false, Some(why.to_string())),
        Queued::Absent => (None, false, Some("the source is gone".to_owned())),
    };
    let identifier = source.identifier.clone();
    Ok(Wished { source: source.id, identifier, run, already, why, outcome: None })
}

/// Waits until every run has ended; gives whether they have. What holds one back is told when it is seen first.
async fn wait(store: &dyn Store, wishes: &mut [Wished], most: Duration, output: Output) -> Result<bool, CliError> {
    let mut told: BTreeMap<SourceId, String> = BTreeMap::new();
    let begun = SystemClock.now();
    loop {
        let mut left = 0;
        for wish in wishes.iter_mut().filter(|wish| wish.outcome.is_none()) {
            let Some(id) = wish.run else { continue };
            match store.run(id).await? {
                Some(run) if run.stage == RunStage::Ended => wish.outcome = Some(run),
                None => wish.why = Some("its source was removed".to_owned()),
                Some(_) => {
                    left += 1;
                    if let Some((at, why)) = store.last_skip(wish.source).await?
                        && at >= begun
                        && told.get(&wish.source) != Some(&why)
                    {
                        output.note(&format!("{}: does not run yet: {why}", wish.identifier));
                        told.insert(wish.source, why);
                    }
                }
            }
        }
        if left == 0 {
            return Ok(true);
        }
        if SystemClock.now().since(begun) >= most {
            output.note(&format!("not ended: {}; is a daemon serving? What is queued stays so", counted(left, "run")));
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn listed(wishes: &[Wished]) -> String {
    let row = |wish: &Wished| {
        let outcome = wish.outcome.as_ref().and_then(|run| run.ending);
        let what = match (&wish.why, outcome, wish.already) {
            (Some(why), _, _) => format!("not queued: {why}"),
            (None, Some(ending), _) => ending.word().to_owned(),
            (None, None, true) => "queued already".to_owned(),
            (None, None, false) => "queued".to_owned(),
        };
        let new = wish.outcome.as_ref().map_or_else(|| "-".to_owned(), |run| run.counts.new.to_string());
        let failure = wish.outcome.as_ref().and_then(|run| run.failure.as_ref());
        let why = failure.map_or_else(String::new, |(class, message)| format!("{class}: {}", short(message, 80)));
        let run = wish.run.map_or_else(|| "-".to_owned(), |run| run.to_string());
        vec![run, what, new, short(&wish.identifier, 60), why]
    };
    let rows: Vec<Vec<String>> = wishes.iter().map(row).collect();
    table(&["RUN", "RESULT", "NEW", "SOURCE", "WHY"], &rows)
}

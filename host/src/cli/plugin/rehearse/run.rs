//! `plugin run`: one source, every step told; nothing is fetched or spent unless it was said so.
//!
//! Owns: the command, and which way it goes. Must not know: how a run works.

use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_core::money::MicroUsd;
use tidegate_core::run::Ending;

use super::journal::{Journal, item_facts};
use super::live;
use super::offline;
use super::subject::Subject;
use crate::cli::args::PluginRun;
use crate::cli::error::{CliError, Exit};
use crate::cli::home::Home;
use crate::cli::output::Output;

/// Runs `plugin run`.
pub(in crate::cli::plugin) async fn run(home: &Home, args: &PluginRun, output: Output) -> Result<Exit, CliError> {
    let mut subject = Subject::find(home, &args.source).await?;
    let journal = journal(home, &subject, output);
    if !args.live {
        let done = offline::run(&subject, args.from_pages.as_deref(), &journal).await?;
        let data = json!({ "live": false, "well": done.well, "steps": journal.steps() });
        output.data(&data, |_| match (done.well, &args.from_pages) {
            (false, _) => "it would end here\n".to_owned(),
            (true, None) => {
                "nothing was fetched or spent; --live fetches it, --from-pages DIR reads recorded pages\n".to_owned()
            }
            (true, Some(_)) => "nothing was fetched or spent\n".to_owned(),
        })?;
        return Ok(if done.well { Exit::Ok } else { Exit::Failed });
    }
    live::grant(&mut subject, spend(args.source.spend.as_deref())?)?;
    let done = live::run(home, &subject, &journal).await.map_err(|error| journal.error(error))?;
    let data = journal.hidden(ended(&done, &journal));
    let well = done.run.ending.is_some_and(|ending| ending != Ending::Failed);
    output.data(&data, closing)?;
    Ok(if well { Exit::Ok } else { Exit::Failed })
}

/// A journal that hides every secret this daemon has.
pub(super) fn journal(home: &Home, subject: &Subject, output: Output) -> Arc<Journal> {
    let secrets = home.credentials(&subject.profiles).usable().into_iter().map(|one| one.value).collect();
    Arc::new(Journal::new(!output.is_json(), secrets))
}

/// Money as typed.
pub(super) fn spend(text: Option<&str>) -> Result<Option<MicroUsd>, CliError> {
    let read = |text: &str| {
        MicroUsd::from_decimal(text.trim_start_matches('$'))
            .map_err(|error| CliError::usage(format!("--spend: {error}")))
    };
    text.map(read).transpose()
}

fn ended(done: &live::Done, journal: &Journal) -> Value {
    let run = &done.run;
    json!({
        "live": true,
        "well": run.ending.is_some_and(|ending| ending != Ending::Failed),
        "steps": journal.steps(),
        "run": {
            "ending": run.ending,
            "failure": run.failure.as_ref().map(|(class, message)| json!({ "class": class, "message": message })),
            "counts": run.counts,
            "fetches": run.fetches,
            "bytes": run.bytes,
            "pages": run.pages,
            "cost": run.cost,
            "warnings": run.warnings,
        },
        "items": done.items.iter().map(|row| item_facts(&row.item)).collect::<Vec<_>>(),
        "watermark": done.source.watermark,
    })
}

/// The last words, for people: how it ended, and what a run would have stored.
fn closing(data: &Value) -> String {
    let run = &data["run"];
    let ending = run["ending"].as_str().unwrap_or("not ended");
    let mut text = format!(
        "ended: {ending}, fetches {}, bytes {}, cost {} micro-USD\n",
        run["fetches"], run["bytes"], run["cost"]
    );
    if let Some(message) = run["failure"]["message"].as_str() {
        text.push_str(&format!("  {}: {}\n", run["failure"]["class"].as_str().unwrap_or_default(), plain(message)));
    }
    for warning in run["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        text.push_str(&format!("  warning: {}\n", plain(warning)));
    }
    let counts = &run["counts"];
    text.push_str(&format!(
        "  items: {} would be stored, {} left out over the cap, {} rejected\n",
        counts["new"], counts["over_cap"], counts["rejected"]
    ));
    text.push_str("nothing of it was stored\n");
    text
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

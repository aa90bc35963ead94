//! `dead list|show|retry|discard`.

use std::io::IsTerminal;

use serde_json::{Value, json};
use tidegate_core::failure::Class;
use tidegate_core::limits;

use super::args::Place;
use super::dead_args::{DeadCommand, Which};
use super::error::{CliError, Exit};
use super::home::{Home, find_source, tenant};
use super::moment::moment;
use super::output::{Output, fields, short, table};
use crate::engine::dead_letters::{Outcome, retry};
use crate::ports::{DeadCount, DeadFilter, DeadKind, DeadLetter, LetterId, PageRow, Store};

/// Runs a `dead` command.
pub(super) async fn dead(place: &Place, command: DeadCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    match command {
        DeadCommand::List { which, retried, before, limit } => {
            let store = home.existing_store().await?;
            let narrowed = filter(&*store, &which).await?;
            let letters = store.dead_letters(&DeadFilter { retried, before, limit, ..narrowed }).await?;
            output.data(&json!({ "letters": letters }), |_| listed(&letters))?;
            Ok(Exit::Ok)
        }
        DeadCommand::Show { id } => show(&home, id, output).await,
        DeadCommand::Retry { ids, which, all } => {
            asked_for_some(&ids, &which, all)?;
            take_up(&home, &ids, &which, output).await
        }
        DeadCommand::Discard { ids, which, all, dry_run, yes } => {
            asked_for_some(&ids, &which, all)?;
            discard(&home, &ids, &which, (dry_run, yes), output).await
        }
    }
}

/// Without numbers and filters everything would be meant, which has to be said.
fn asked_for_some(ids: &[LetterId], which: &Which, all: bool) -> Result<(), CliError> {
    let Which { tenant, profile, source, kind, class, reason, since } = which;
    let filters = [tenant, profile, source, kind, class, reason, since];
    if ids.is_empty() && !all && filters.iter().all(|filter| filter.is_none()) {
        let hint = "name them by number or filter (--profile, --tenant, --source, --kind, --class, --reason, --since), or say --all";
        return Err(CliError::usage("which dead letters are meant is not said").hint(hint));
    }
    Ok(())
}

async fn filter(store: &dyn Store, which: &Which) -> Result<DeadFilter, CliError> {
    let source = match &which.source {
        Some(name) => Some(find_source(store, name).await?.id),
        None => None,
    };
    let kind = match which.kind.as_deref() {
        Some(kind) if !["element", "run"].contains(&kind) => {
            return Err(CliError::usage(format!("--kind {kind:?}: kinds are element, run")));
        }
        kind => kind.map(str::to_owned),
    };
    let profile = which.profile.as_deref().map(str::parse).transpose();
    Ok(DeadFilter {
        tenant: which.tenant.as_deref().map(tenant).transpose()?,
        profile: profile.map_err(|error| CliError::usage(format!("--profile: {error}")))?,
        source,
        kind,
        class: which.class.as_deref().map(class_of).transpose()?,
        reason: which.reason.clone(),
        since: which.since.as_deref().map(|text| moment("--since", text)).transpose()?,
        ..DeadFilter::default()
    })
}

fn class_of(word: &str) -> Result<Class, CliError> {
    Class::from_word(word).ok_or_else(|| {
        let known = Class::ALL.map(Class::word).join(", ");
        CliError::usage(format!("--class {word:?}: classes are {known}"))
    })
}

fn listed(letters: &[DeadLetter]) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let row = |letter: &DeadLetter| {
        let state = if letter.retried.is_some() { "retried" } else { "open" };
        vec![
            letter.id.to_string(),
            letter.what.word().to_owned(),
            letter.class.to_string(),
            state.to_owned(),
            letter.created_at.to_string(),
            letter.profile.to_string(),
            short(&letter.identifier, 50),
            short(&letter.reason, 80),
        ]
    };
    let rows: Vec<Vec<String>> = letters.iter().map(row).collect();
    table(&["ID", "KIND", "CLASS", "STATE", "SINCE", "PROFILE", "SOURCE", "REASON"], &rows)
}

/// The letter of that number, taken up or not.
async fn letter(store: &dyn Store, id: LetterId) -> Result<DeadLetter, CliError> {
    let filter = DeadFilter { id: Some(id), retried: true, ..DeadFilter::default() };
    let found = store.dead_letters(&filter).await?.pop();
    found.ok_or_else(|| {
        CliError::not_found(format!("there is no dead letter {id}")).hint("`tidegate dead list` shows what there is")
    })
}

async fn show(home: &Home, id: LetterId, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let letter = letter(&*store, id).await?;
    let run = store.run(letter.run).await?;
    let mut pages = store.pages(letter.run).await?;
    if let DeadKind::Element { page, .. } = &letter.what {
        pages.retain(|kept| Some(kept.id) == *page);
    }
    let data = json!({ "letter": letter, "pages": pages, "run": run });
    output.data(&data, |_| described(&letter, &pages))?;
    Ok(Exit::Ok)
}

fn described(letter: &DeadLetter, pages: &[PageRow]) -> String {
    let (element, extra, request) = match &letter.what {
        DeadKind::Element { element, extra, .. } => (Some(element.to_string()), extra.as_ref(), None),
        DeadKind::Run { request } => (None, None, request.as_ref()),
    };
    let state = match letter.retried {
        None => "open".to_owned(),
        Some(retried) => format!("taken up at {} by {}", retried.at, retried.run),
    };
    let mut text = fields(&[
        ("id", Some(letter.id.to_string())),
        ("kind", Some(letter.what.word().to_owned())),
        ("state", Some(state)),
        ("since", Some(letter.created_at.to_string())),
        ("tenant", Some(letter.tenant.to_string())),
        ("profile", Some(letter.profile.to_string())),
        ("source", Some(format!("{} {}", letter.source, letter.identifier))),
        ("run", Some(format!("{} (attempt {})", letter.run, letter.attempt))),
        ("element", element),
        ("class", Some(letter.class.to_string())),
        ("reason", Some(letter.reason.clone())),
        ("extra", extra.map(Value::to_string)),
    ]);
    if let Some(request) = request {
        let pretty = serde_json::to_string_pretty(request).unwrap_or_else(|_| request.to_string());
        text.push_str(&format!("\nlast request\n{pretty}\n"));
    }
    if pages.is_empty() {
        text.push_str("\nno page of it is kept\n");
        return text;
    }
    let row = |page: &PageRow| {
        let bytes = page.body_bytes.to_string();
        let (status, until) = (page.status.to_string(), page.keep_until.to_string());
        vec![page.id.to_string(), status, bytes, page.fetched_at.to_string(), until, short(&page.url, 80)]
    };
    let rows: Vec<Vec<String>> = pages.iter().map(row).collect();
    text.push_str("\nkept pages\n");
    text.push_str(&table(&["ID", "STATUS", "BYTES", "FETCHED", "KEPT UNTIL", "URL"], &rows));
    text
}

/// What is meant: numbers, or a filter that leaves out what comes from now on.
enum Meant {
    Letters(Vec<DeadLetter>),
    Filter(Box<DeadFilter>, Vec<DeadCount>),
}

async fn meant(store: &dyn Store, ids: &[LetterId], which: &Which) -> Result<Meant, CliError> {
    if ids.is_empty() {
        let narrowed = filter(store, which).await?;
        let counts = store.dead_counts(&narrowed).await?;
        let up_to = counts.iter().map(|count| count.last).max().unwrap_or(0);
        return Ok(Meant::Filter(Box::new(DeadFilter { up_to: Some(up_to), ..narrowed }), counts));
    }
    let mut letters = Vec::with_capacity(ids.len());
    for id in ids {
        letters.push(letter(store, *id).await?);
    }
    Ok(Meant::Letters(letters))
}

async fn take_up(home: &Home, ids: &[LetterId], which: &Which, output: Output) -> Result<Exit, CliError> {
    home.existing_store().await?.close().await;
    let (store, ports, settings) = home.beside().await?;
    let mut outcomes = std::collections::BTreeMap::new();
    match meant(store.as_ref(), ids, which).await? {
        Meant::Letters(letters) => outcomes = retry(&ports, &settings, letters).await?,
        Meant::Filter(mut filter, _) => loop {
            filter.limit = limits::DEAD_BATCH;
            let letters = store.dead_letters(&filter).await?;
            let Some(last) = letters.last() else { break };
            filter.before = Some(last.id);
            outcomes.extend(retry(&ports, &settings, letters).await?);
        },
    }
    store.close().await;
    let open = outcomes.values().any(|outcome| matches!(outcome, Outcome::Open { .. }));
    let letters: Vec<Value> = outcomes.iter().map(|(id, outcome)| told(*id, outcome)).collect();
    output.data(&json!({ "letters": letters }), |_| {
        if outcomes.is_empty() {
            return "no open dead letter is meant".to_owned();
        }
        outcomes.iter().map(|(id, outcome)| format!("{id} {}\n", sentence(outcome))).collect()
    })?;
    Ok(if open { Exit::Failed } else { Exit::Ok })
}

fn told(id: LetterId, outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Replayed { run, counts } => json!({ "id": id, "outcome": "replayed", "run": run, "counts": counts }),
        Outcome::Queued { run, already } => json!({ "id": id, "outcome": "queued", "run": run, "already": already }),
        Outcome::Open { why } => json!({ "id": id, "outcome": "open", "why": why }),
    }
}

fn sentence(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Replayed { run, counts } => {
            let new = counts.new;
            format!(
                "normalized again by {run}: with all of its page {new} new, {} known or changed",
                counts.updated + counts.metrics_updated + counts.duplicate
            )
        }
        Outcome::Queued { run, already: false } => format!("queued as {run}"),
        Outcome::Queued { run, already: true } => format!("left to {run}, which is queued already"),
        Outcome::Open { why } => format!("stays open: {why}"),
    }
}

async fn discard(
    home: &Home,
    ids: &[LetterId],
    which: &Which,
    (dry_run, yes): (bool, bool),
    output: Output,
) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let mut discarded = 0;
    let counts = match meant(&*store, ids, which).await? {
        Meant::Letters(letters) => {
            for letter in &letters {
                if !dry_run {
                    let one = DeadFilter { id: Some(letter.id), retried: true, ..DeadFilter::default() };
                    discarded += store.discard(&one, 1).await?;
                }
            }
            letters.iter().map(one).collect()
        }
        Meant::Filter(filter, counts) => {
            if !dry_run && !counts.is_empty() {
                sure(&counts, yes, output)?;
                loop {
                    let gone = store.discard(&filter, limits::DEAD_BATCH).await?;
                    discarded += gone;
                    if gone < u64::from(limits::DEAD_BATCH) {
                        break;
                    }
                }
            }
            counts
        }
    };
    let data = json!({ "meant": counts, "discarded": discarded, "dry_run": dry_run });
    output.data(&data, |_| {
        let all: u64 = counts.iter().map(|count| count.count).sum();
        if dry_run { format!("{}would discard {all}", summed(&counts)) } else { format!("discarded {discarded}") }
    })?;
    Ok(Exit::Ok)
}

fn one(letter: &DeadLetter) -> DeadCount {
    DeadCount {
        tenant: letter.tenant.clone(),
        profile: letter.profile.clone(),
        kind: letter.what.word().to_owned(),
        class: letter.class,
        count: 1,
        last: letter.id,
    }
}

fn summed(counts: &[DeadCount]) -> String {
    let row = |count: &DeadCount| {
        let (tenant, profile) = (count.tenant.to_string(), count.profile.to_string());
        vec![tenant, profile, count.kind.clone(), count.class.to_string(), count.count.to_string()]
    };
    let rows: Vec<Vec<String>> = counts.iter().map(row).collect();
    if rows.is_empty() { String::new() } else { table(&["TENANT", "PROFILE", "KIND", "CLASS", "LETTERS"], &rows) }
}

/// Says what would go, and goes on if a person wants it.
fn sure(counts: &[DeadCount], yes: bool, output: Output) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    let all: u64 = counts.iter().map(|count| count.count).sum();
    if !std::io::stdin().is_terminal() {
        let hint = "say --yes to do it, or --dry-run to see which";
        return Err(CliError::usage(format!("{all} dead letters would be deleted")).hint(hint));
    }
    output.note(&format!("{}Delete these {all} dead letters? Type yes.", summed(counts)));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| CliError::failed(error.to_string()))?;
    if answer.trim() == "yes" { Ok(()) } else { Err(CliError::failed("nothing was deleted")) }
}

#[cfg(test)]
#[path = "dead_tests.rs"]
mod tests;

//! Looking at runs, and ending them.
//!
//! Owns: one run, many runs one by one, and many runs by the platform's list. Must not know: why somebody looks. Called
//! through the port.
//!
//! The list is read leanly, as it is read every few seconds for thousands of runs: of each row only the id and the status
//! are looked at, and those not even parsed.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use tidegate_core::actor::{RemoteId, RemoteRun, RemoteStatus};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Inner;
use super::ask::{Answer, Ask, ReadError, Reader, Whole};
use super::credential::Held;
use super::record;
use super::trouble::{Fate, Trouble, Unread};

/// The words of an id and a status, with their quotes.
#[derive(Deserialize)]
struct Lean<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    items: Vec<Lean<'a>>,
}

/// A word without its quotes. Ids and statuses have nothing to escape.
fn word(value: Option<&RawValue>) -> Option<&str> {
    value?.get().strip_prefix('"')?.strip_suffix('"')
}

impl Inner {
    pub(super) async fn inspect(
        &self,
        held: &Held,
        run: &RemoteId,
        end: Instant,
    ) -> Result<Option<RemoteRun>, Failure> {
        let ask = Ask::get(format!("asking for run {run}"), format!("/v2/actor-runs/{run}"));
        let reader = Whole(|body: &[u8]| Ok((record::of_answer(body, &held.secrets)?, record::per_element(body))));
        let (mut run, each) = match self.ask(held, &ask, &reader, end, |trouble| trouble.passes).await {
            Ok(read) => read,
            Err(trouble) => return self.not_found(held, trouble, end).await.map(|()| None),
        };
        if let (Some(each), Some(_)) = (each, run.status.end()) {
            // Actors that are paid by the element say neither what they cost nor how many there were.
            let ask =
                Ask::get(format!("asking for the dataset of run {}", run.id), format!("/v2/datasets/{}", run.dataset));
            let elements = self.ask_freely(held, &ask, &Whole(record::element_count), end).await?;
            run.cost = record::elements_cost(each, elements);
        }
        Ok(Some(run))
    }

    /// Where one run stands. Asked once: who asks after many runs asks again soon, and must not be held up by one of them.
    async fn status(&self, held: &Held, run: &RemoteId, end: Instant) -> Result<Option<RemoteStatus>, Failure> {
        let ask = Ask::get(format!("asking for run {run}"), format!("/v2/actor-runs/{run}"));
        let reader = Whole(|body: &[u8]| {
            let run: Data<Lean<'_>> = serde_json::from_slice(body)?;
            Ok(RemoteStatus::of_platform(word(run.data.status).unwrap_or_default()))
        });
        known(self.ask(held, &ask, &reader, end, |_| false).await.map_err(|trouble| trouble.failure))
    }

    /// Whether this trouble says that there is no such run. Where it may as well be the token that is not known, the account is
    /// asked, which costs nothing: a run that is paid for is not given up for a token that was changed.
    async fn not_found(&self, held: &Held, trouble: Trouble, end: Instant) -> Result<(), Failure> {
        if trouble.failure.class != Class::NotFound {
            return Err(trouble.failure);
        }
        if trouble.may_be_token {
            self.account(held, end).await?;
        }
        Ok(())
    }

    /// Where these runs stand by the platform's list of all runs, oldest first.
    pub(super) async fn listed(
        &self,
        held: &Held,
        runs: &[RemoteId],
        since: UtcMillis,
        end: Instant,
    ) -> Result<Vec<(RemoteId, RemoteStatus)>, Failure> {
        // Taken out as they are found, so that one that is listed twice counts once.
        let mut wanted: HashMap<&str, &RemoteId> = runs.iter().map(|run| (run.as_str(), run)).collect();
        let mut found = Vec::with_capacity(runs.len());
        let mut offset = 0;
        let from = held.list_from(since);
        for _ in 0..limits::ACTOR_LIST_PAGES {
            let ask = Ask::get("listing runs", "/v2/actor-runs");
            let ask = ask.with("limit", &limits::ACTOR_LIST).with("offset", &offset).with("startedAfter", &from);
            let wanted_here = &wanted;
            let reader = Whole(|body: &[u8]| lean_page(body, |id| wanted_here.get(id).map(|run| (*run).clone())));
            let (rows, page) = self.ask_freely(held, &ask, &reader, end).await?;
            for (run, status) in page {
                if wanted.remove(run.as_str()).is_some() {
                    found.push((run, status));
                }
            }
            offset += rows;
            if rows == 0 || wanted.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    pub(super) async fn abort(&self, held: &Held, run: &RemoteId, end: Instant) -> Result<(), Failure> {
        let path = format!("/v2/actor-runs/{run}/abort");
        let ask = Ask { method: Method::POST, ..Ask::get(format!("ending run {run}"), path) };
        let trouble = match self.ask(held, &ask, &Nothing, end, |trouble| trouble.passes).await {
            Ok(()) => return Ok(()),
            Err(trouble) => trouble,
        };
        match (trouble.failure.class, trouble.fate) {
            (Class::NotFound, _) => self.not_found(held, trouble, end).await,
            // Refused, and the account is not the reason: it may be because the run has ended.
            (Class::Config | Class::BadAnswer | Class::Transient, Fate::Refused(400..=499)) => {
                match self.status(held, run, end).await {
                    Ok(Some(status)) if status.end().is_none() => Err(trouble.failure),
                    Ok(_) => Ok(()),
                    Err(_) => Err(trouble.failure),
                }
            }
            _ => Err(trouble.failure),
        }
    }
}

/// Where these runs stand, each asked after by itself and all at once. What was learned is given, though some could not be
/// asked; the account's own trouble is told all the same.
pub(super) async fn each(
    inner: &Arc<Inner>,
    held: &Arc<Held>,
    runs: &[RemoteId],
    end: Instant,
) -> Result<Vec<(RemoteId, RemoteStatus)>, Failure> {
    let mut asking = JoinSet::new();
    for run in runs {
        let (inner, held, run) = (Arc::clone(inner), Arc::clone(held), run.clone());
        asking.spawn(async move {
            let status = inner.status(&held, &run, end).await;
            (run, status)
        });
    }
    let (mut found, mut failed) = (Vec::new(), None);
    while let Some(joined) = asking.join_next().await {
        match joined {
            Ok((run, Ok(Some(status)))) => found.push((run, status)),
            Ok((_, Ok(None))) => {}
            Ok((_, Err(failure))) if failed.is_none() || failure.class == Class::Credential => failed = Some(failure),
            Ok((_, Err(_))) => {}
            // It can only have been taken down with the runtime.
            Err(_) => failed = failed.or_else(|| Some(Failure::new(Class::Transient, "asking for runs: called off"))),
        }
    }
    match failed {
        Some(failure) if found.is_empty() || failure.class == Class::Credential => Err(failure),
        _ => Ok(found),
    }
}

/// "Not found" as an answer.
fn known<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(run) => Ok(Some(run)),
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The rows of a page of the list: how many, and the statuses of those that are wanted.
fn lean_page(
    body: &[u8],
    wanted: impl Fn(&str) -> Option<RemoteId>,
) -> Result<(usize, Vec<(RemoteId, RemoteStatus)>), Unread> {
    let page: Data<List<'_>> = serde_json::from_slice(body)?;
    let rows = page.data.items;
    let of = |row: &Lean<'_>| {
        let run = wanted(word(row.id)?)?;
        Some((run, RemoteStatus::of_platform(word(row.status).unwrap_or_default())))
    };
    Ok((rows.len(), rows.iter().filter_map(of).collect()))
}

/// An answer whose body does not matter.
struct Nothing;

impl Reader for Nothing {
    type Out = ();

    async fn read(&self, _: Answer) -> Result<(), ReadError> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;

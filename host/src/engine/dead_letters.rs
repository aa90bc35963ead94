//! Dead letters that are taken up again.
//!
//! Owns: normalizing kept pages again with the plugin that serves now, without network, and telling for each letter what came
//! of it. Must not know: SQL, or what of it is taken (the store asks the core's intake). Called by the CLI.
//!
//! Only the elements that the letters are about are stored: the rest of the page was, when it came, and may have changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidegate_core::contract::Kind;
use tidegate_core::id::{PageId, RunId};
use tidegate_core::item::{self, Counts, Page};
use tidegate_core::plan;
use tidegate_core::profile::Profile;

use super::{Ports, Settings, kept};
use crate::ports::{DeadKind, DeadLetter, Event, LetterId, Plugin, Queued, Replay, Replayed, RunPlugin, StoreError};

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its element was normalized again.
    Replayed {
        /// The run that records it, with all letters of the same page.
        run: RunId,
        /// What became of the items of all of these letters.
        counts: Counts,
    },
    /// A one-off run of its source is queued.
    Queued {
        /// The run.
        run: RunId,
        /// Whether it was queued already.
        already: bool,
    },
    /// It is still open.
    Open {
        /// Why.
        why: String,
    },
}

/// Takes letters up; gives what became of each, in the order of their numbers.
///
/// # Errors
/// When the store cannot be read or written. What was taken up until then stays so.
pub async fn retry(
    ports: &Ports,
    settings: &Settings,
    letters: Vec<DeadLetter>,
) -> Result<BTreeMap<LetterId, Outcome>, StoreError> {
    let mut outcomes = BTreeMap::new();
    let mut pages: BTreeMap<PageId, Vec<DeadLetter>> = BTreeMap::new();
    for letter in letters {
        match (&letter.what, letter.retried) {
            (_, Some(retried)) => {
                let why = format!("it was taken up already, at {} by {}", retried.at, retried.run);
                outcomes.insert(letter.id, Outcome::Open { why });
            }
            (DeadKind::Run { .. }, None) => {
                let outcome = again(ports, letter.id).await?;
                outcomes.insert(letter.id, outcome);
            }
            (DeadKind::Element { page: Some(page), .. }, None) => pages.entry(*page).or_default().push(letter),
            (DeadKind::Element { page: None, .. }, None) => {
                let why = "its page was not kept: the profile has no keep_pages".to_owned();
                outcomes.insert(letter.id, Outcome::Open { why });
            }
        }
    }
    for (page, letters) in pages {
        let all: Vec<LetterId> = letters.iter().map(|letter| letter.id).collect();
        match replay(ports, settings, page, &letters).await? {
            Ok(some) => outcomes.extend(some),
            Err(why) => outcomes.extend(all.into_iter().map(|letter| (letter, Outcome::Open { why: why.clone() }))),
        }
    }
    Ok(outcomes)
}

/// Queues a run in place of one that was given up.
async fn again(ports: &Ports, letter: LetterId) -> Result<Outcome, StoreError> {
    let now = ports.clock.now();
    let run = RunId::new(now, ports.dice.throw());
    Ok(match ports.store.retry_run(letter, run, now).await? {
        Queued::New => Outcome::Queued { run, already: false },
        Queued::Not(tidegate_core::extra::NotQueued::Already { run, .. }) => Outcome::Queued { run, already: true },
        Queued::Not(why) => Outcome::Open { why: why.to_string() },
        Queued::Absent => Outcome::Open { why: "it is not open any more".to_owned() },
    })
}

/// What a page is normalized with.
struct With {
    profile: Profile,
    plugin: Arc<dyn Plugin>,
    kind: Kind,
}

/// Profile and plugin as they are now, or what is missing.
fn with(ports: &Ports, settings: &Settings, letter: &DeadLetter) -> Result<With, String> {
    let profile = settings.profiles.get(&letter.profile).cloned();
    let profile = profile.ok_or_else(|| format!("there is no profile {}", letter.profile))?;
    let missing = || format!("plugin {} with kind {} is not loaded", profile.plugin, profile.kind);
    let plugin = ports.plugins.of(&profile).map_err(|_| missing())?;
    let kind = plugin.manifest().kind(&profile.kind).cloned().ok_or_else(missing)?;
    Ok(With { profile, plugin, kind })
}

/// Normalizes one page again for letters about it. `Err`: why none of them can be taken up.
async fn replay(
    ports: &Ports,
    settings: &Settings,
    id: PageId,
    letters: &[DeadLetter],
) -> Result<Result<BTreeMap<LetterId, Outcome>, String>, StoreError> {
    let Some(first) = letters.first() else { return Ok(Ok(BTreeMap::new())) };
    let with = match with(ports, settings, first) {
        Ok(with) => with,
        Err(why) => return Ok(Err(why)),
    };
    let Some(source) = ports.store.source(first.source).await? else {
        return Ok(Err("its source is gone".to_owned()));
    };
    let Some(raw) = ports.store.page(id).await? else {
        return Ok(Err("its page is not kept any more (keep_pages of the profile)".to_owned()));
    };
    let page = match kept::restore(&raw) {
        Ok(kept) => kept.page,
        Err(why) => return Ok(Err(format!("its page {id} cannot be read again: {why}"))),
    };
    let now = ports.clock.now();
    let run = RunId::new(now, ports.dice.throw());
    let job = plan::replay_job(&source, &with.profile, &with.kind, raw.fetched_at);
    let asked = with.plugin.normalize(&job, page).await;
    for line in asked.log {
        ports.observer.see(&Event::PluginLogged { run, plugin: with.profile.plugin.clone(), line });
    }
    let batch = match asked.answer {
        Err(fault) => return Ok(Err(fault.message)),
        Ok(Err(failure)) => return Ok(Err(failure.message)),
        Ok(Ok(batch)) => batch,
    };
    let page = match item::accept(batch, Some(raw.status), now) {
        Err(bad) => return Ok(Err(format!("bad output: {bad}"))),
        Ok(page) => page,
    };
    let (taken, mut outcomes) = sort(letters, &page);
    if taken.is_empty() {
        return Ok(Ok(outcomes));
    }
    let page = only(page, letters, &taken);
    let item_ids = page.items.iter().map(|_| tidegate_core::id::Id::new(now, ports.dice.throw())).collect();
    let (source, fetched_at) = (source.id, raw.fetched_at);
    let plugin = RunPlugin::of(&*with.plugin);
    let given = Replay { run, plugin, letters: taken.clone(), source, from: id, fetched_at, page, item_ids };
    let outcome = match ports.store.replay(given, now).await? {
        Replayed::Done(counts) => Outcome::Replayed { run, counts },
        Replayed::NotOpen(_) => Outcome::Open { why: "somebody else took some of its page up just now".to_owned() },
    };
    outcomes.extend(taken.into_iter().map(|letter| (letter, outcome.clone())));
    Ok(Ok(outcomes))
}

/// Which letters the page answers now, and why the others stay open.
fn sort(letters: &[DeadLetter], page: &Page) -> (Vec<LetterId>, BTreeMap<LetterId, Outcome>) {
    let rejects: BTreeMap<u32, &str> =
        page.rejects.iter().map(|reject| (reject.element, reject.reason.as_str())).collect();
    // More were rejected than are told: whoever brought nothing may be one of them.
    let told = usize::try_from(page.rejected).is_ok_and(|rejected| rejected <= page.rejects.len());
    let brought: BTreeSet<u32> = page.items.iter().map(|item| item.element).collect();
    let (mut taken, mut open) = (Vec::new(), BTreeMap::new());
    for letter in letters {
        let DeadKind::Element { element, .. } = &letter.what else { continue };
        match rejects.get(element) {
            Some(reason) => {
                open.insert(letter.id, Outcome::Open { why: format!("it is still rejected: {reason}") });
            }
            None if !told && !brought.contains(element) => {
                open.insert(letter.id, Outcome::Open { why: "its page has more rejects than are told".to_owned() });
            }
            None => taken.push(letter.id),
        }
    }
    (taken, open)
}

/// The page with nothing but what came of the elements of these letters.
fn only(page: Page, letters: &[DeadLetter], taken: &[LetterId]) -> Page {
    let elements: BTreeSet<u32> = letters
        .iter()
        .filter(|letter| taken.contains(&letter.id))
        .filter_map(|letter| if let DeadKind::Element { element, .. } = &letter.what { Some(*element) } else { None })
        .collect();
    let mut page = page;
    page.items.retain(|item| elements.contains(&item.element));
    page.removals.retain(|removal| elements.contains(&removal.element));
    (page.rejects, page.rejected, page.fillers) = (Vec::new(), 0, 0);
    page
}

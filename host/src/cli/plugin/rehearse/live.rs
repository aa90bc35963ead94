//! A source run once, for real: the engine, the way out with all its guards, and a store that lives in memory.
//!
//! Owns: what is put together, and that money is spent only where it was said how much. Must not know: how a run works. What an
//! actor run may cost is its charge cap, as ever; its intent stands in memory only, so who kills this command in the middle of one
//! has to look for it on the platform.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_core::money::MicroUsd;
use tidegate_core::rate::RateBook;
use tidegate_core::source::Source;

use super::journal::Journal;
use super::subject::Subject;
use super::told::{One, TellingActors, TellingEgress, TellingPlugin};
use crate::cli::error::CliError;
use crate::cli::home::{Home, daemon_id, keys};
use crate::cli::signals::Signals;
use crate::egress::Keys;
use crate::engine::sources::{Wish, create};
use crate::engine::{Engine, Ports};
use crate::ports::{Created, ItemFilter, ItemRow, RunFilter, RunRow, RunStage, Store};
use crate::store::memory::{Keep, Memory};
use crate::system::{SystemClock, SystemDice};
use crate::telemetry;

/// What became of a live run.
pub(super) struct Done {
    pub(super) source: Source,
    pub(super) run: RunRow,
    pub(super) items: Vec<ItemRow>,
}

/// Refuses to spend what nobody has granted; lowers what a run may cost to what was granted.
pub(super) fn grant(subject: &mut Subject, spend: Option<MicroUsd>) -> Result<(), CliError> {
    let Some(worst) = subject.worst_case() else { return Ok(()) };
    let name = &subject.profile.name;
    let Some(spend) = spend else {
        let message = format!("a live run of profile {name} orders an actor, which costs up to {worst}");
        return Err(CliError::refused(message).hint(format!(
            "say so with --spend {}; or read recorded pages, for free, with --from-pages DIR",
            worst.decimal()
        )));
    };
    subject.profile.budget.usd_per_run = Some(spend.min(subject.profile.budget.usd_per_run.unwrap_or(spend)));
    Ok(())
}

/// Runs the source once.
pub(super) async fn run(home: &Home, subject: &Subject, journal: &Arc<Journal>) -> Result<Done, CliError> {
    let store: Arc<dyn Store> = Arc::new(Memory::new(Keep::default()).open());
    let credentials = home.credentials(&subject.profiles);
    let plugin = TellingPlugin { plugin: Arc::clone(&subject.plugin), journal: Arc::clone(journal) };
    let egress = home.egress()?.for_engine(home.config.net.contact.clone(), Keys::new(keys(&credentials)));
    let ports = Ports {
        store: Arc::clone(&store),
        plugins: Arc::new(One(Arc::new(plugin))),
        egress: Arc::new(TellingEgress { egress: Arc::new(egress), journal: Arc::clone(journal) }),
        actors: Arc::new(TellingActors { actors: Arc::new(home.actors(&credentials)?), journal: Arc::clone(journal) }),
        clock: Arc::new(SystemClock),
        dice: Arc::new(SystemDice),
        observer: Arc::new(telemetry::LogObserver),
    };
    let mut settings = home.settings(daemon_id(), &subject.profiles, &credentials);
    settings.profiles = BTreeMap::from([(subject.profile.name.clone(), subject.profile.clone())]);
    // Its own books are empty: what the daemon has spent does not count here, and the other way round.
    settings.rates = RateBook::default();
    let wish = Wish {
        tenant: "rehearsal".parse().map_err(|error| CliError::failed(format!("internal: {error}")))?,
        profile: subject.profile.name.to_string(),
        identifier: subject.identifier.clone(),
        overrides: subject.overrides.clone(),
        schedule: None,
        active: true,
    };
    let (Created::New(source) | Created::Existing(source)) = create(&ports, &settings, wish).await?;
    let mut signals = Signals::listen()?;
    let engine = Engine::new(ports, settings);
    engine.run_once(async move { signals.next().await }).await;
    let runs = store.runs(&RunFilter { source: Some(source.id), ..RunFilter::default() }).await?;
    let run = runs.into_iter().next_back();
    let run = run.ok_or_else(|| CliError::failed("internal: the run has left no row"))?;
    if run.stage == RunStage::Waiting {
        journal
            .step("stop", serde_json::json!({ "why": "the actor run goes on at the platform, up to its charge cap" }));
    }
    let items = store.items(&ItemFilter { source: Some(source.id), ..ItemFilter::default() }).await?;
    let source = store.source(source.id).await?.unwrap_or(source);
    Ok(Done { source, run, items })
}

//! `serve` and `run-scheduled`: the engine with everything around it.

use std::future::Future;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tidegate_core::limits;

use super::args::{Place, ServeArgs};
use super::error::{CliError, Exit};
use super::eyes::Eyes;
use super::home::{Home, daemon_id, keys};
use super::output::Output;
use super::reload::Reload;
use super::signals::Signals;
use crate::config::DirMarks;
use crate::egress::{ApifyClient, Keys};
use crate::engine::Engine;
use crate::ports::{Actors, Observer};
use crate::telemetry::{self, Level};

/// Runs the daemon until a signal.
pub(super) async fn serve(place: &Place, args: &ServeArgs) -> Result<Exit, CliError> {
    let mut home = Home::find(place)?;
    if args.log_json {
        home.log_json();
    }
    let level = start_logs(&home)?;
    let (stop, hard) = stops(Signals::listen()?);
    let database = home.database();
    let eyes = Eyes::open(&home, true).await?;
    let observer = Arc::clone(&eyes.observer);
    let served = with_engine(&home, observer, Some(limits::START_LOADING), |engine, reload| {
        let home = &home;
        async move {
            let mut watch = eyes.begin(home, &engine)?;
            tracing::info!(
                version = env!("CARGO_PKG_VERSION"),
                "tidegate serves {database}; Ctrl-C drains, twice stops at once"
            );
            let health = Arc::clone(&watch.health);
            let stop = async move {
                stop.await;
                health.drain();
            };
            let reloading = Box::pin(reload.listen(&mut watch, level));
            beside(Box::pin(engine.serve(stop, hard)), reloading).await;
            watch.end().await;
            tracing::info!("stopped");
            Ok::<_, CliError>(())
        }
    });
    Box::pin(served).await??;
    Ok(Exit::Ok)
}

/// Does one tick and waits for its runs.
pub(super) async fn run_scheduled(place: &Place, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    let level = start_logs(&home)?;
    let mut signals = Signals::listen()?;
    let eyes = Eyes::open(&home, false).await?;
    let observer = Arc::clone(&eyes.observer);
    let ticked = with_engine(&home, observer, None, |engine, reload| {
        let home = &home;
        async move {
            let mut watch = eyes.begin(home, &engine)?;
            let tick = engine.run_once(async move { signals.next().await });
            let tally = beside(Box::pin(tick), Box::pin(reload.listen(&mut watch, level))).await;
            watch.end().await;
            Ok::<_, CliError>(tally)
        }
    });
    let tally = Box::pin(ticked).await??;
    output.data(&tally, |tally| {
        format!("{} runs started, {} sources skipped, {} runs recovered", tally.started, tally.skipped, tally.recovered)
    })?;
    Ok(if tally.failed_passes == 0 { Exit::Ok } else { Exit::Failed })
}

fn start_logs(home: &Home) -> Result<Level, CliError> {
    telemetry::start(&home.config.log, std::io::stderr().is_terminal()).map_err(CliError::refused)
}

/// Does the work; what goes on beside it ends with it.
async fn beside<T>(work: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    let other = async {
        other.await;
        std::future::pending().await
    };
    tokio::select! {
        biased;
        done = work => done,
        never = other => never,
    }
}

/// Opens everything, does `work` with the engine and what reloads it, closes the store. `wait`: how long plugins are waited for, if not
/// for as long as it takes.
pub(super) async fn with_engine<T, F: Future<Output = T>>(
    home: &Home,
    observer: Arc<dyn Observer>,
    wait: Option<Duration>,
    work: impl FnOnce(Arc<Engine>, Reload) -> F,
) -> Result<T, CliError> {
    let marks = DirMarks::of(&home.path(&home.config.profiles.dir))?;
    let profiles = home.profiles()?;
    for refused in &profiles.refused {
        tracing::warn!(
            "profile refused: {refused}{}",
            refused.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default()
        );
    }
    let daemon = daemon_id();
    let credentials = home.credentials(&profiles);
    let actors = Arc::new(home.actors(&credentials)?);
    let store = home.daemon_store(daemon).await?;
    let result = async {
        let way = Arc::<ApifyClient>::clone(&actors) as Arc<dyn Actors>;
        let (catalogue, loading) = home.catalogue_within(wait).await?;
        let catalogue = Arc::new(catalogue);
        let carried = Keys::new(keys(&credentials));
        let ports = home.ports(Arc::clone(&store), Arc::clone(&catalogue), way, observer, carried.clone()).await?;
        let engine = Engine::new(ports, home.settings(daemon, &profiles, &credentials));
        let way = (actors, carried);
        let plugins = (catalogue, loading);
        let reload = Reload::new(home.clone(), (profiles, marks), credentials, Arc::clone(&engine), way, plugins)?;
        Ok(work(engine, reload).await)
    }
    .await;
    store.close().await;
    result
}

/// The first signal, and the second.
pub(super) fn stops(mut signals: Signals) -> (impl Future<Output = ()> + use<>, impl Future<Output = ()> + use<>) {
    let (first, second) = (tokio_util::sync::CancellationToken::new(), tokio_util::sync::CancellationToken::new());
    let (told_first, told_second) = (first.clone(), second.clone());
    #[expect(clippy::disallowed_methods, reason = "listens until the process ends; it is no run")]
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: running work has {} s to end; again to stop at once", limits::DRAIN.as_secs());
        told_first.cancel();
        signals.next().await;
        told_second.cancel();
    });
    (async move { first.cancelled().await }, async move { second.cancelled().await })
}

//! `serve` and `run-scheduled`: the engine with everything around it.

use std::future::Future;
use std::io::IsTerminal;
use std::sync::Arc;

use super::args::{Place, ServeArgs};
use super::error::{CliError, Exit};
use super::eyes::Eyes;
use super::home::{Home, daemon_id, tokens};
use super::output::Output;
use super::signals::Signals;
use crate::config::{Credentials, LogFormat, Process};
use crate::egress::ApifyClient;
use crate::engine::Engine;
use crate::ports::{Actors, Observer};
use crate::telemetry;

/// Runs the daemon until a signal.
pub(super) async fn serve(place: &Place, args: &ServeArgs) -> Result<Exit, CliError> {
    let mut home = Home::find(place)?;
    if args.log_json {
        home.config.log.format = LogFormat::Json;
    }
    start_logs(&home)?;
    let (stop, hard) = stops(Signals::listen()?);
    let database = home.database();
    let eyes = Eyes::open(&home, true).await?;
    let observer = Arc::clone(&eyes.observer);
    let served = with_engine(&home, observer, |engine| {
        let home = &home;
        async move {
            let watch = eyes.begin(home, &engine)?;
            tracing::info!(
                version = env!("CARGO_PKG_VERSION"),
                "tidegate serves {database}; Ctrl-C drains, twice stops at once"
            );
            let health = Arc::clone(&watch.health);
            let stop = async move {
                stop.await;
                health.drain();
            };
            engine.serve(stop, hard).await;
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
    start_logs(&home)?;
    let mut signals = Signals::listen()?;
    let eyes = Eyes::open(&home, false).await?;
    let observer = Arc::clone(&eyes.observer);
    let ticked = with_engine(&home, observer, |engine| {
        let home = &home;
        async move {
            let watch = eyes.begin(home, &engine)?;
            let tally = engine.run_once(async move { signals.next().await }).await;
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

fn start_logs(home: &Home) -> Result<(), CliError> {
    telemetry::start(&home.config.log, std::io::stderr().is_terminal()).map_err(CliError::refused)
}

/// Opens everything, does `work` with the engine, closes the store.
pub(super) async fn with_engine<T, F: Future<Output = T>>(
    home: &Home,
    observer: Arc<dyn Observer>,
    work: impl FnOnce(Arc<Engine>) -> F,
) -> Result<T, CliError> {
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
        let ports = home.ports(Arc::clone(&store), way, observer).await?;
        let engine = Engine::new(ports, home.settings(daemon, &profiles, &credentials));
        let reloads = reloads(Arc::clone(&engine), credentials, actors)?;
        let worked = work(engine).await;
        reloads.abort();
        Ok(worked)
    }
    .await;
    store.close().await;
    result
}

/// On SIGHUP, reads the values of the credentials again and tries what was closed. A rotated token is picked up so, and the
/// runs that wait behind the old one are read.
fn reloads(
    engine: Arc<Engine>,
    credentials: Credentials,
    actors: Arc<ApifyClient>,
) -> Result<tokio::task::JoinHandle<()>, CliError> {
    let mut hangup = Signals::hangup()?;
    #[expect(clippy::disallowed_methods, reason = "listens until it is aborted; it is no run")]
    let task = tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let changed = credentials.reload(&Process);
            for state in credentials.states() {
                if let Some(problem) = state.problem {
                    tracing::warn!(credential = %state.name, "credential {}: {problem}", state.name);
                }
            }
            let names = changed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            tracing::info!(
                "credentials were read again; {}",
                if names.is_empty() { "none has changed" } else { &names }
            );
            actors.replace_tokens(tokens(&credentials));
            engine.try_gates().await;
        }
    });
    Ok(task)
}

/// The first signal, and the second.
pub(super) fn stops(mut signals: Signals) -> (impl Future<Output = ()> + use<>, impl Future<Output = ()> + use<>) {
    let (first, second) = (tokio_util::sync::CancellationToken::new(), tokio_util::sync::CancellationToken::new());
    let (told_first, told_second) = (first.clone(), second.clone());
    #[expect(clippy::disallowed_methods, reason = "listens until the process ends; it is no run")]
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!(
            "stopping: running work has {} s to end; again to stop at once",
            tidegate_core::limits::DRAIN.as_secs()
        );
        told_first.cancel();
        signals.next().await;
        told_second.cancel();
    });
    (async move { first.cancelled().await }, async move { second.cancelled().await })
}

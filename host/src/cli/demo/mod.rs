//! `demo`: the same daemon, the same code, against feeds and actors written for it.
//!
//! Owns: the order of the show, and that nothing of it stays: neither directories nor processes. Everything else is what
//! `serve` runs. What there is to see stands in `scene`, how it is shown in `screen`, and the daemon that is killed in
//! `crash`.

mod child;
mod crash;
mod scene;
mod screen;

use std::sync::Arc;

use super::args::{DemoArgs, Place};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::Output;
use super::serve::{stops, with_engine};
use super::signals::Signals;
use crate::config::LogConfig;
use crate::telemetry;

use scene::Scene;
use screen::Screen;

/// Runs the demo.
pub(super) async fn demo(args: &DemoArgs, output: Output) -> Result<Exit, CliError> {
    let dir = tempfile::Builder::new().prefix("tidegate-demo-").tempdir().map_err(failed("making a directory"))?;
    let log = LogConfig { level: "error".to_owned(), ..LogConfig::default() };
    telemetry::start(&log, false).map_err(CliError::failed)?;
    let (stop, hard) = stops(Signals::listen()?);
    let scene = Scene::set(dir.path())?;
    let screen = Arc::new(Screen::new(output));
    let span = args.duration.map(|span| format!(", for {span}"));
    let span = span.unwrap_or_else(|| "; Ctrl-C drains and ends it".to_owned());
    screen.say(&format!("{}, a daemon in {}{span}", scene.told(), dir.path().display()));
    let home = Home::find(&Place { dir: dir.path().to_path_buf(), config: None, database: None })?;
    let observer = Arc::<Screen>::clone(&screen);
    let shown = with_engine(&home, observer, None, |engine, _| {
        let (scene, screen) = (&scene, &screen);
        async move {
            scene.add_sources(&engine, screen).await?;
            let over = async {
                match args.duration {
                    Some(span) => tokio::time::sleep(span.duration()).await,
                    None => std::future::pending().await,
                }
            };
            let either = async {
                tokio::select! {
                    () = stop => {}
                    () = over => {}
                }
            };
            let served = engine.serve(either, hard);
            tokio::pin!(served);
            // The daemon that is killed is shown beside the one that serves, and ends with it at the latest.
            let crashed = tokio::select! {
                () = &mut served => return Ok(()),
                crashed = crash::show(scene, screen) => crashed,
            };
            served.await;
            crashed
        }
    });
    Box::pin(shown).await??;
    screen.say(&scene.end());
    screen.finish()?;
    if args.keep {
        screen.say(&format!("kept in {}", dir.keep().display()));
    }
    Ok(Exit::Ok)
}

/// What the system refused while the demo was set up.
fn failed(what: &str) -> impl FnOnce(std::io::Error) -> CliError + use<> {
    let what = format!("the demo failed while {what}");
    move |error| CliError::failed(format!("{what}: {error}"))
}

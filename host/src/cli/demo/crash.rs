//! A daemon that is killed when it is dearest: behind a start that is paid for and before it knows of it.
//!
//! Owns: that scene. A second daemon, in a directory of its own, starts an actor run whose answer is held back; it is killed by
//! SIGKILL and started again, and finds what it had ordered instead of ordering it twice. Must not know: how; it only watches.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tidegate_core::counted::counted;
use tidegate_core::money::MicroUsd;

use super::child::{Child, add_source};
use super::scene::Scene;
use super::screen::Screen;
use crate::cli::error::CliError;
use crate::cli::output::short;

/// The account that the second daemon follows.
const HANDLE: &str = "harbour_pilot";
/// How long the platform holds back the answer to its first start: rule 32-start, five seconds.
const HELD: &str = "32-start";
/// How often the platform's books are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Shows the scene; ends when the run's cost is final.
pub(super) async fn show(scene: &Scene, screen: &Screen) -> Result<(), CliError> {
    let dir = scene.second_directory()?;
    add_source(&dir, "demo_x", HANDLE).await?;
    scene.actors().scenario(HELD, HANDLE).map_err(|error| CliError::failed(error.to_string()))?;
    let mut first = Child::start(&dir)?;
    let pid = first.pid();
    screen.say(&format!("  second  daemon (process {pid}) for X @{HANDLE}"));
    // The books know of the run; the daemon does not, as the answer is held back.
    while runs(scene) == 0 {
        tokio::select! {
            line = first.line() => if line.is_none() {
                return Err(CliError::failed("the demo's second daemon ended by itself"));
            },
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    drop(first);
    screen.say(&format!(
        "  KILLED  process {pid} by SIGKILL: its start of an actor run was paid for, and not yet answered"
    ));
    again(&dir, scene, screen).await
}

/// The daemon after the crash.
async fn again(dir: &Path, scene: &Scene, screen: &Screen) -> Result<(), CliError> {
    let mut child = Child::start(dir)?;
    screen.say(&format!("  second  daemon again (process {})", child.pid()));
    while let Some(line) = child.line().await {
        let number = |name: &str| line[name].as_u64();
        if line["adopted"] == true {
            screen.adopted(&format!("X @{HANDLE}: {}; {} started in all", told(&line), counted(runs(scene), "run")));
        } else if let (Some(new), true) = (number("item_count"), line["ending"].is_string()) {
            screen.attempt_elsewhere(&format!("X @{HANDLE}"), HANDLE, new);
        } else if let (Some(cost), true) = (number("cost_micro_usd"), line["ending"].is_null()) {
            screen.cost(&format!("X @{HANDLE}"), MicroUsd::new(cost));
            return Ok(());
        } else if line["level"] != "INFO" {
            screen.say(&format!("  second  {}", told(&line)));
        }
    }
    Err(CliError::failed("the demo's second daemon ended by itself"))
}

fn runs(scene: &Scene) -> u64 {
    scene.actors().books().of_handle(HANDLE).count() as u64
}

fn told(line: &Value) -> String {
    short(line["message"].as_str().unwrap_or_default(), 90)
}

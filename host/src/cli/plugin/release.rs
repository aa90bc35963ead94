//! `plugin release`: lets a version serve again that is in quarantine.
//!
//! Owns: the command. Must not know: what put it there.

use serde_json::json;
use tidegate_core::nearest::nearest;

use crate::cli::error::{CliError, Exit};
use crate::cli::home::Home;
use crate::cli::output::Output;

/// Runs `plugin release`.
pub(super) async fn release(home: &Home, name: &str, output: Output) -> Result<Exit, CliError> {
    let store = home.existing_store().await?;
    let released = store.release(name, None).await;
    let held = store.quarantines().await;
    store.close().await;
    if !released? {
        let names: Vec<String> = held?.into_iter().map(|held| held.plugin).collect();
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => "`tidegate plugin list` shows what is".to_owned(),
        };
        return Err(CliError::not_found(format!("plugin {name:?} is not in quarantine")).hint(hint));
    }
    output.data(&json!({ "plugin": name, "released": true }), |_| {
        format!("plugin {name} serves again; its sources are looked at now, and its faults are forgotten\n")
    })?;
    Ok(Exit::Ok)
}

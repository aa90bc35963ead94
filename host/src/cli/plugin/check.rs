//! `plugin check`: whether a component would be taken, and what it is.
//!
//! Owns: the command. Must not know: how a component is loaded.

use std::path::Path;

use serde_json::json;

use crate::cli::error::{CliError, Exit};
use crate::cli::home::Home;
use crate::cli::output::{Output, fields};
use crate::cli::progress::watched;
use crate::plugins::Origin;

/// Runs `plugin check`.
pub(super) async fn check(home: &Home, file: &Path, output: Output) -> Result<Exit, CliError> {
    let room = home.room(None)?;
    let bytes = read_component(file)?;
    let origin = Origin::File(file.to_path_buf());
    let loaded = watched("checking the component", room.load(bytes, origin)).await;
    let plugin = match loaded {
        Ok(plugin) => plugin,
        Err(refusal) => {
            let hint = refusal.kind.remedy();
            return Err(CliError::refused(format!("{} was refused: {}", file.display(), refusal.kind)).hint(hint));
        }
    };
    let kinds: Vec<&str> = plugin.manifest().kinds.iter().map(|kind| kind.name.as_str()).collect();
    let data = json!({
        "name": plugin.name(),
        "version": plugin.version(),
        "digest": plugin.digest().to_string(),
        "track": plugin.track().to_string(),
        "kinds": kinds,
        "wasi_imports": plugin.wasi_imports(),
        "takes_deliveries": plugin.takes_deliveries(),
    });
    output.data(&data, |_| {
        let wasi = plugin.wasi_imports();
        let mut text = fields(&[
            ("plugin", Some(format!("{} {}", plugin.name(), plugin.version()))),
            ("digest", Some(plugin.digest().to_string())),
            ("track", Some(plugin.track().to_string())),
            ("kinds", Some(kinds.join(", "))),
            ("wasi imports", Some(if wasi.is_empty() { "none".to_owned() } else { wasi.join(", ") })),
        ]);
        text.push_str("in order: contract, imports, limits, schema, examples\n");
        text
    })?;
    Ok(Exit::Ok)
}

/// The bytes of a component, no more than may be loaded.
fn read_component(file: &Path) -> Result<Vec<u8>, CliError> {
    use std::io::Read;
    let refuse = |error: std::io::Error| CliError::not_found(format!("{} cannot be read: {error}", file.display()));
    let most = u64::try_from(tidegate_core::limits::COMPONENT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(file).map_err(refuse)?.take(most).read_to_end(&mut bytes).map_err(refuse)?;
    Ok(bytes)
}

//! `config show|check`.

use super::args::{ConfigCommand, Place};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::Output;

/// Runs a `config` command.
pub(super) fn config(place: &Place, command: &ConfigCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    match command {
        ConfigCommand::Show => output.data(&home.config, |config| {
            toml::to_string_pretty(config).unwrap_or_else(|error| format!("# cannot be written as TOML: {error}"))
        })?,
        ConfigCommand::Check => {
            // Reading it was the check.
            output.data(&serde_json::json!({ "right": true }), |_| "the configuration is in order".to_owned())?;
        }
    }
    Ok(Exit::Ok)
}

//! `config show|check`.

use super::args::{ConfigCommand, Place};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::Output;

/// Runs a `config` command.
pub(super) fn config(place: &Place, command: &ConfigCommand, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    match command {
        ConfigCommand::Show => show(&home, output)?,
        ConfigCommand::Check => {
            // Reading it was the check.
            output.data(&serde_json::json!({ "right": true }), |_| "the configuration is in order".to_owned())?;
        }
    }
    Ok(Exit::Ok)
}

/// The settings, and of each credential where it comes from and whether it is there. Values are never shown.
fn show(home: &Home, output: Output) -> Result<(), CliError> {
    let credentials = home.credentials(&home.profiles()?).states();
    let mut data = serde_json::json!(home.config);
    if let serde_json::Value::Object(sections) = &mut data {
        sections.insert("credentials_found".to_owned(), serde_json::json!(credentials));
    }
    output.data(&data, |_| {
        let mut text = toml::to_string_pretty(&home.config)
            .unwrap_or_else(|error| format!("# cannot be written as TOML: {error}\n"));
        text.push_str("\n# Credentials, which are not part of the configuration:\n");
        for state in &credentials {
            let found = state
                .problem
                .as_ref()
                .map_or_else(|| format!("there, in {}", state.from), |why| format!("absent: {why}"));
            text.push_str(&format!("#   {} (for {}): {found}\n", state.name, state.origin));
        }
        text
    })
}

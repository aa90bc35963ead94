//! What may be typed of plugins.
//!
//! Owns: the commands of `plugin` and their help. Must not know: what they do.

use std::path::PathBuf;

use clap::Subcommand;

/// `plugin ...`
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// List plugins: those that serve, and those that were refused with the reason.
    List,
    /// Check a component: contract, imports, limits, schema, examples.
    Check {
        /// The component.
        file: PathBuf,
    },
    /// Let a plugin serve again that is in quarantine because it broke down too often.
    Release {
        /// Its name.
        name: String,
    },
}

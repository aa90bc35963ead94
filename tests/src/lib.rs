//! What the end-to-end tests (`tests/`) and the measuring programs (`src/bin/`) share.
//!
//! Owns: finding and building the binaries, starting and killing the daemon, measuring a process; the building of guests;
//! the judging of the feed plugin against a corpus. What drives the daemon goes through its binary, as a user's does; what
//! tries a plugin goes through the plugin room.

pub mod actors;
pub mod audit;
pub mod binary;
pub mod component;
pub mod corpus;
pub mod daemon;
pub mod dice;
pub mod disk;
pub mod feed;
pub mod guests;
pub mod hook;
pub mod kept;
pub mod load_server;
pub mod measure;
pub mod native;
pub mod place;
pub mod recorded;
mod waiting;
pub mod witness;

/// What may go wrong around a process.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A program could not be started, talked to or waited for.
    #[error("{what}: {error}")]
    Io {
        /// What was attempted, and on what.
        what: String,
        /// Why it failed.
        error: std::io::Error,
    },
    /// A program ended with another code than 0.
    #[error("`{command}` ended with {status}\n{stderr}")]
    Failed {
        /// As typed.
        command: String,
        /// Its code or signal.
        status: std::process::ExitStatus,
        /// The end of what it said.
        stderr: String,
    },
    /// A program printed something else than it should.
    #[error("{what}: {printed}")]
    Printed {
        /// What was expected.
        what: String,
        /// What came, cut.
        printed: String,
    },
    /// What was waited for did not happen.
    #[error("waited {seconds} s for {what}; last seen: {last}\nlog:\n{log}")]
    Deadline {
        /// For what.
        what: String,
        /// How long.
        seconds: u64,
        /// The last answer or state.
        last: String,
        /// The end of the log.
        log: String,
    },
}

impl Trouble {
    /// For `map_err`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }

    pub(crate) fn printed(what: impl Into<String>, printed: &str) -> Self {
        Self::Printed { what: what.into(), printed: printed.chars().take(2_000).collect() }
    }
}

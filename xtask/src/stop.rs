//! Why a task stopped.
//!
//! Owns: the one error of this program and its exit codes. Used by all tasks. Written out by hand: a derive would cost
//! more to compile than the rest of this crate.

use core::fmt;

/// Why a task stopped before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Called in a way there is none of; the text says which ways there are.
    Usage(String),
    /// The machine lacks something that cannot be installed from here; the text says how to.
    Missing(String),
    /// A step did not pass.
    Step {
        /// Its name.
        name: String,
        /// The command that runs it alone.
        alone: String,
        /// What its end looked like.
        end: String,
    },
    /// What went wrong has been said already.
    Told,
    /// A file could not be read or written.
    File {
        /// What was attempted, on which file.
        attempt: String,
        /// What the system says.
        cause: std::io::Error,
    },
}

impl Stop {
    /// The exit code: 1 for what failed, 2 for a wrong call, as the daemon's own.
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Missing(_) | Self::Step { .. } | Self::Told | Self::File { .. } => 1,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Missing(text) => f.write_str(text),
            Self::Told => f.write_str("stopped"),
            Self::Step { name, alone, end } => write!(f, "{name}: {end}; to run it alone: {alone}"),
            Self::File { attempt, cause } => write!(f, "{attempt}: {cause}"),
        }
    }
}

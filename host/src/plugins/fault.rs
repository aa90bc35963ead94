//! What can go wrong in a call, typed.
//!
//! Owns: [`FaultKind`], its words and its remedies, and how an error of the sandbox becomes one. Must not know: what a
//! fault means for a source or a plugin's quarantine (`tidegate_core::failure` decides that). Made by `call`.

use core::fmt;
use core::time::Duration;

use tidegate_core::limits;
use tidegate_core::one_line::one_line;
use wasmtime::Trap;

use super::answer::{Call, CallContext};
use super::frames::frames;
use super::log::LogLine;
use super::state::CallState;

/// A call that gave no answer. Reads alone: plugin, version, call, what happened, what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[error("plugin {plugin} {version} {call}: {kind}; {}", kind.remedy())]
pub struct Fault {
    /// Name of the plugin.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The call.
    pub call: Call,
    /// What happened.
    pub kind: FaultKind,
    /// What the plugin had logged.
    pub log: Vec<LogLine>,
    /// CPU time spent.
    pub cpu: Duration,
}

impl Fault {
    /// The same for whoever writes the plugin.
    #[must_use]
    pub fn for_author(&self) -> String {
        format!("plugin {} {} {}: {}; {}", self.plugin, self.version, self.call, self.kind, self.kind.correction())
    }
}

/// What happened in a call that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// It computed longer than it may.
    DeadlineCpu {
        /// How long it may.
        limit: Duration,
    },
    /// It waited until its time was over. Nothing that a plugin may wait for ever comes.
    Asleep {
        /// How long it may take.
        limit: Duration,
    },
    /// It did not end in time, though it did not use its CPU time: the machine is overloaded.
    DeadlineWall {
        /// How long it may take.
        limit: Duration,
    },
    /// It wanted more linear memory than it may have, and did not get along without.
    Memory {
        /// How much it may have, in bytes.
        limit: usize,
        /// How much it wanted, in bytes.
        wanted: usize,
    },
    /// It wanted larger tables than it may have.
    Table {
        /// How many elements it may have.
        limit: usize,
        /// How many it wanted.
        wanted: usize,
    },
    /// It recursed too deeply.
    Stack {
        /// Size of its stack, in bytes.
        limit: usize,
    },
    /// It gave up: a panic, an uncaught exception, an impossible instruction.
    Trap {
        /// What the sandbox says.
        cause: String,
        /// The last line the plugin logged with level error.
        said: Option<String>,
        /// Names of the innermost functions, innermost first.
        frames: Vec<String>,
    },
    /// Its answer breaks the rules of the border: text that is not Unicode, a case that does not exist, a pointer
    /// outside its memory.
    BadOutput {
        /// What is wrong with it.
        what: String,
    },
    /// Its answer (or a line it logged) is larger than it may be.
    AnswerTooLarge {
        /// How large it may be, in bytes.
        limit: usize,
    },
    /// The instance could not be made.
    Instantiation {
        /// Why.
        why: String,
    },
    /// No instance was free in time; the plugin was not asked.
    Busy {
        /// How long one was waited for.
        waited: Duration,
    },
}

impl FaultKind {
    /// What would help, for the person who reads the fault.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::DeadlineCpu { .. } => {
                "if the input is unusually large, raise limits.cpu in the profile; else the plugin has an endless loop: report it to \
                 its author"
            }
            Self::Asleep { .. } => "a plugin may not sleep: report it to its author",
            Self::DeadlineWall { .. } => "look at the load of the machine",
            Self::Memory { .. } => {
                "lower the profile's page size or body limit, raise its limits.memory_mb, or report it to the plugin's author"
            }
            Self::Table { .. } | Self::Stack { .. } | Self::Trap { .. } | Self::BadOutput { .. } => {
                "report it to the plugin's author with the page that caused it"
            }
            Self::AnswerTooLarge { .. } => {
                "lower the profile's page size, raise its limits.answer_bytes, or report it to the plugin's author"
            }
            Self::Instantiation { .. } => "check the component with `tidegate plugin check`",
            Self::Busy { .. } => "it is retried by itself; lower the number of runs at once if it happens often",
        }
    }

    /// What would help whoever writes the plugin, and has it in hand.
    #[must_use]
    pub const fn correction(&self) -> &'static str {
        match self {
            Self::DeadlineCpu { .. } => {
                "correct the plugin: it has an endless loop, or does too much for one page; limits.cpu of a profile grants more"
            }
            Self::Asleep { .. } => "correct the plugin: it may not sleep",
            Self::Memory { .. } => {
                "correct the plugin: let it keep less at once, or ask for smaller pages; limits.memory_mb of a profile grants more"
            }
            Self::Table { .. } | Self::Stack { .. } | Self::Trap { .. } => {
                "correct the plugin, and keep the page that caused it as a fixture"
            }
            Self::BadOutput { .. } => "correct the plugin: docs/guide has the contract",
            Self::AnswerTooLarge { .. } => {
                "correct the plugin: let it give less of a page, or ask for smaller pages; limits.answer_bytes of a profile grants \
                 more"
            }
            Self::DeadlineWall { .. } | Self::Instantiation { .. } | Self::Busy { .. } => self.remedy(),
        }
    }

    /// In a word: the label of counters.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::DeadlineCpu { .. } => "deadline-cpu",
            Self::Asleep { .. } => "asleep",
            Self::DeadlineWall { .. } => "deadline-wall",
            Self::Memory { .. } => "memory",
            Self::Table { .. } => "table",
            Self::Stack { .. } => "stack",
            Self::Trap { .. } => "trap",
            Self::BadOutput { .. } => "bad-output",
            Self::AnswerTooLarge { .. } => "answer-too-large",
            Self::Instantiation { .. } => "instantiation",
            Self::Busy { .. } => "busy",
        }
    }

    /// Whether the plugin is to blame. What is not its fault must not count towards its quarantine.
    #[must_use]
    pub const fn is_plugins(&self) -> bool {
        !matches!(self, Self::DeadlineWall { .. } | Self::Busy { .. })
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: &usize| bytes / limits::MIB;
        match self {
            Self::DeadlineCpu { limit } => write!(f, "used more than {limit:?} of CPU time"),
            Self::Asleep { limit } => write!(f, "slept instead of answering within {limit:?}"),
            Self::DeadlineWall { limit } => write!(f, "did not answer within {limit:?}"),
            Self::Memory { limit, wanted } => {
                write!(
                    f,
                    "used more than {} MiB of memory (it asked for {} MiB)",
                    mib(limit),
                    wanted.div_ceil(limits::MIB)
                )
            }
            Self::Table { limit, wanted } => write!(f, "used more than {limit} table elements (it asked for {wanted})"),
            Self::Stack { limit } => write!(f, "used more than {} MiB of stack", mib(limit)),
            Self::Trap { cause, said, frames } => {
                // What the plugin says itself helps most, and whoever cuts the message cuts its end.
                if let Some(said) = said {
                    write!(f, "gave up: {}; it ", one_line(said, limits::MESSAGE_BYTES))?;
                }
                write!(f, "trapped ({cause})")?;
                if !frames.is_empty() {
                    write!(f, ", in {}", frames.join(" < "))?;
                }
                Ok(())
            }
            Self::BadOutput { what } => {
                write!(f, "gave an answer that breaks the contract: {}", one_line(what, limits::MESSAGE_BYTES))
            }
            Self::AnswerTooLarge { limit } if limit % limits::MIB == 0 => {
                write!(f, "gave an answer of more than {} MiB", mib(limit))
            }
            Self::AnswerTooLarge { limit } => write!(f, "gave an answer of more than {limit} bytes"),
            Self::Instantiation { why } => {
                write!(f, "could not be started: {}", one_line(why, limits::MESSAGE_BYTES))
            }
            Self::Busy { waited } => write!(f, "was not asked, as no instance became free within {waited:?}"),
        }
    }
}

/// Raised by the beat when a call has used up its CPU time.
#[derive(Debug, thiserror::Error)]
#[error("CPU time used up")]
pub(super) struct CpuSpent;

/// What an error of the sandbox means, given what the limits saw during the call.
pub(super) fn classify(error: &wasmtime::Error, call: Call, state: &CallState, cx: &CallContext) -> FaultKind {
    if error.downcast_ref::<CpuSpent>().is_some() {
        return FaultKind::DeadlineCpu { limit: cx.cpu };
    }
    if let Some(limit) = error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>() {
        return FaultKind::Instantiation { why: limit.to_string() };
    }
    let trap = error.downcast_ref::<Trap>();
    match trap {
        Some(Trap::StackOverflow) => return FaultKind::Stack { limit: limits::STACK_BYTES },
        Some(Trap::StringOutOfBounds | Trap::ListOutOfBounds | Trap::InvalidDiscriminant) => {
            return bad_output(error);
        }
        Some(Trap::InvalidChar | Trap::UnalignedPointer) => return bad_output(error),
        _ => {}
    }
    // A guest that is refused memory mostly ends in a trap of its own: what it was refused is the better cause.
    if let Some(wanted) = state.refused_memory() {
        return FaultKind::Memory { limit: cx.memory, wanted };
    }
    if let Some(wanted) = state.refused_table() {
        return FaultKind::Table { limit: limits::TABLE_ELEMENTS, wanted };
    }
    let exit = error.downcast_ref::<wasmtime_wasi::I32Exit>();
    if trap.is_some() || exit.is_some() {
        let cause = match (trap, exit) {
            (Some(trap), _) => trap.to_string().trim_start_matches("wasm trap: ").to_owned(),
            (None, _) => error.root_cause().to_string(),
        };
        let said = state.log.last_error().map(str::to_owned);
        return FaultKind::Trap { cause, said, frames: frames(error) };
    }
    // The type of this error is private to wasmtime; its text is all there is.
    if error.root_cause().to_string().contains("fuel allocated for hostcalls") {
        return FaultKind::AnswerTooLarge { limit: cx.answer };
    }
    match call {
        Call::Instantiate => FaultKind::Instantiation { why: chain(error) },
        _ => bad_output(error),
    }
}

fn bad_output(error: &wasmtime::Error) -> FaultKind {
    FaultKind::BadOutput { what: error.root_cause().to_string().trim_start_matches("wasm trap: ").to_owned() }
}

/// All causes of an error on one line, outermost first, without backtraces.
pub(super) fn chain(error: &wasmtime::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        let line = cause.lines().next().unwrap_or_default();
        if line.starts_with("error while executing at wasm backtrace") || text.contains(line) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_tells_first_what_the_plugin_said_and_where_it_was() {
        let said = Some("panicked at src/answer.rs:5: no title".to_owned());
        let frames = vec!["tides::answer::entry".to_owned(), "tides::answer::page".to_owned()];
        let kind = FaultKind::Trap { cause: "unreachable".to_owned(), said, frames };
        let told = "gave up: panicked at src/answer.rs:5: no title; it trapped (unreachable), in \
                    tides::answer::entry < tides::answer::page";
        assert_eq!(kind.to_string(), told);
        assert!(kind.remedy().contains("author") && !kind.correction().contains("author"));
    }
}

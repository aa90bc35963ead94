//! A run: one attempt to ingest one source.
//!
//! Owns: the machine that drives a run ([`Machine`]), what survives a crash while the platform works ([`Intent`]), and what
//! its end means ([`Finish`]). Must not know: ports. Called by `engine/work` (the machine) and by stores (the settlement of
//! an end, inside their transaction).

mod actor;
mod dataset;
mod ending;
mod findings;
mod finish;
mod intent;
mod machine;
mod paid;
mod state;
mod step;

#[cfg(test)]
mod finish_tests;
#[cfg(test)]
mod machine_tests;

pub use finish::{Ending, Finish, Notice, Policy, RunResult, Settlement};
pub use intent::{Intent, IntentEnd, IntentStage, Park, Progress, Resume};
pub use machine::Machine;
pub use step::{Effect, Event, Started, Stop};

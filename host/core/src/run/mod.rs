//! A run: one attempt to ingest one source.
//!
//! Owns: the machine that drives a run ([`Machine`]: events in, effects out) and what its end means ([`Finish`]). Must not
//! know: how an effect is performed. Called by `engine/work`, which performs effects and feeds the results back, and, for
//! [`Finish::settle`], by the store inside the transaction that ends the run.

mod findings;
mod finish;
#[cfg(test)]
mod finish_tests;
mod machine;
#[cfg(test)]
mod machine_tests;

pub use finish::{Ending, Finish, Notice, Policy, RunResult, Settlement};
pub use machine::{Effect, Event, Machine, Stop};

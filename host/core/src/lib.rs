//! Every rule of tidegate, and nothing else.
//!
//! Owns: what a source, run, budget, plan, item and failure are, and every decision about them. Must not know: async,
//! I/O, the clock, randomness, SQL, HTTP clients, wasm. `now`, ids and dice come in as arguments. Called by the engine
//! (which performs what is decided here) and by the edges, which speak these types.
//!
//! The modules stand in the order in which a source is served:
//! source -> eligibility -> budget -> claim -> plan -> fetch -> normalize (item) -> commit (run, failure).

// The tests' fixtures are shared with the simulation, which sees this crate from outside.
#[cfg(test)]
extern crate self as tidegate_core;

pub mod actor;
pub mod advice;
pub mod alert;
pub mod audience;
pub mod budget;
pub mod claim;
pub mod clock_back;
pub mod contract;
pub mod counted;
pub mod dead_letter;
pub mod eligibility;
pub mod extra;
pub mod failure;
pub mod fetch;
#[cfg(test)]
#[path = "../tests/fixtures/mod.rs"]
mod fixtures;
pub mod forecast;
pub mod id;
pub mod item;
pub mod limits;
pub mod manifest;
pub mod money;
pub mod nearest;
pub mod one_line;
pub mod overrides;
pub mod pin;
pub mod plan;
pub mod profile;
pub mod quarantine;
pub mod rate;
pub mod replay;
pub mod run;
pub mod sandbox;
pub mod schedule;
pub mod share;
pub mod source;
pub mod time;
pub mod zone;

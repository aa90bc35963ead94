//! The plugin room: components in, answers of plain data out.
//!
//! Owns: the sandbox (one engine, its pool, its beat), how a component is looked at, compiled, kept and tried before it
//! may serve, one call = one fresh instance under deadlines and caps, what went wrong as a typed [`Fault`] or
//! [`Refusal`], and the [`Catalogue`] of what serves. Must not know: sources, runs, SQL, HTTP, secrets. Only shapes of
//! `tidegate_core::contract` cross its border; no type of the sandbox leaves it. Called by the engine (through its
//! plugin port), by the CLI for `plugin list` and `plugin check`, and by whoever validates a source.
//!
//! The way of a component: [`inspect`] (size, parse, counts) -> `imports` (track, imports) -> `compile` and `cache` ->
//! `probe` (instance, `describe`, manifest, examples) -> [`Plugin`]. The way of a call: `adapter` (the track) -> `v0_1` -> `call` -> [`Answer`].

mod adapter;
mod answer;
mod cache;
mod call;
mod catalogue;
mod compile;
mod compiler;
mod digest;
mod effort;
mod engine;
mod fault;
mod frames;
mod imports;
mod inspect;
mod log;
mod meter;
mod plugin;
mod port;
mod probe;
mod refusal;
mod room;
mod schema;
pub mod shipped;
mod state;
mod tally;
mod v0_1;
#[cfg(test)]
mod v0_9;
mod wasi;
mod weight;

pub use answer::{Answer, Call, CallContext};
pub use catalogue::{Catalogue, Entry, Look, Scan, State, UnknownPlugin};
pub use compiler::{COMPILER, compile_for_parent};
pub use digest::Digest;
pub use fault::{Fault, FaultKind};
pub use imports::Track;
pub use log::{LogLevel, LogLine};
pub use plugin::Plugin;
pub use refusal::{Origin, Refusal, RefusalKind};
pub use room::{PluginRoom, RoomConfig, RoomError, WasiPolicy};

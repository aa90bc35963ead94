//! The Apify API on loopback.
//!
//! Owns: the API of actors, runs, datasets and the account, runs that live on a clock, generated content, billing that
//! keeps books, and faults on demand. Must not know: the daemon, its store or its plugins. Called by `tidegate demo`, the
//! end-to-end tests, the benches and plugin authors (`README.md` says how).
//!
//! [`Emulator`] has a thread and a runtime of its own: it starts and stops from plain and from async code alike.

mod actors;
mod api;
mod books;
mod clock;
mod dice;
mod emulator;
mod ids;
mod limits;
mod log;
mod money;
mod options;
mod published;
mod runs;
mod script;
mod server;
mod webhooks;
mod world;

pub use books::{Books, Refusal, RunBook};
pub use clock::{Begin, Millis};
pub use emulator::Emulator;
pub use log::{LogEntry, TokenPlace};
pub use money::MicroUsd;
pub use options::{Account, Load, Options, Rhythm};
pub use published::Platform;
pub use runs::Status;
pub use script::{Rule, Script, ScriptError, scenarios};

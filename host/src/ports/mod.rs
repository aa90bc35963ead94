//! What the engine needs of the world, as traits over domain types.
//!
//! Owns: the traits and the plain data that passes through them. Must not know: SQL, HTTP, wasm, or who implements what.
//! Implemented by the edges, called by the engine, put together by `cli`.

mod actor_runs;
mod actors;
mod alerts;
mod clock;
mod dead_letters;
mod egress;
mod follows;
mod hosts;
mod kept_pages;
mod observer;
mod plugin_use;
mod plugins;
mod pulse;
mod quarantines;
mod rows;
mod store;

pub use actor_runs::{ActorRunRow, ActorRuns, CostRow, Looked, Unsettled, Waiting};
pub use actors::{Actors, NotStarted, intent_mark};
pub use alerts::{AlertRows, NotPosted, Webhook};
pub use clock::{Clock, Dice};
pub use dead_letters::{
    DeadCount, DeadFilter, DeadKind, DeadLetter, DeadLetters, LetterId, PageRow, Queued, QueuedRun, Replay, Replayed,
    Retried,
};
pub use egress::Egress;
pub use follows::{Changed, Follower, Follows, Moved, Recounted, Retier};
pub use hosts::{HostRow, Hosts, TurnAsk, TurnBack};
pub use kept_pages::{Applied, KeptFilter, KeptPage, KeptPages, ReplayRun, Rewrite, Rewritten};
pub use observer::{Attempt, Delivery, Event, Holds, Observer, PluginsSeen, ProfilesSeen};
pub use plugin_use::{PluginUse, UseRow};
pub use plugins::{Absent, Asked, Plugin, PluginFault, PluginLine, Plugins, Used, Version, fits};
pub use pulse::{Pulse, Pulses};
pub use quarantines::{Fault, Quarantines};
pub use rows::{
    Candidate, Commit, Committed, Created, ItemFilter, ItemRow, LedgerRow, RawPage, RunFilter, RunPlugin, RunRow,
    RunStage, SkipCount, SkipRecord, SourceFilter, Stuck,
};
pub use store::{Store, StoreError};

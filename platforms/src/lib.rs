//! Fake platforms on loopback.
//!
//! Owns: a small HTTP server with three scripts: [`Script::demo`] (feeds that live and feeds in trouble),
//! [`Script::load`] (many feeds, precomputed, for benches) and [`Script::faults`] (answers that break clients), and the
//! books of what it served. Must not know: the daemon. Called by `tidegate demo`, the end-to-end tests and the benches.
//!
//! The server has a thread and a runtime of its own: it starts and stops from plain and from async code alike.

mod books;
mod demo;
mod faults;
mod formats;
mod load;
mod script;
mod server;
mod site;
mod time;
mod validators;

pub use books::{Account, Books};
pub use faults::FaultTimes;
pub use script::{Behaviour, DemoTimes, Listing, Script};
pub use server::FeedServer;
pub use time::Pace;

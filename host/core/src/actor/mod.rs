//! Actor runs: what is ordered, what the platform says of it, what it may cost.
//!
//! Owns: names, prices, statuses and what a refusal means. Must not know: HTTP, the token, rows. Called by the run's
//! machine, by `egress/apify` (which speaks these types) and by budgets.
//!
//! A wish for an actor run is an *intent*: written down before the platform is asked, and left only by what the platform
//! is known to have done. One intent is one remote run at most.

pub mod gate;
mod name;
pub mod price;
mod refusal;
mod remote;

pub use name::{ActorName, NotARemoteId, NotAnActor, RemoteId};
pub use price::PriceTable;
pub use refusal::{Asked, judge};
pub use remote::{Account, Element, Order, RemoteRun, RemoteStatus, Slice};

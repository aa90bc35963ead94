//! What goes wrong between a daemon and the actor platform, scenario by scenario (the numbers are those of the emulator's
//! list), with the real binary: items, ledger, source state, and the platform's own books. And two ordeals of many
//! minutes each, reckoned against the same books.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

mod budgets;
mod data;
mod ends;
mod kills;
mod refusals;
mod scene;
mod starts;
mod ticks;
mod waits;
mod wire;

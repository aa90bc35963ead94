//! Alerts: who hears of what goes wrong, and that they hear it once.
//!
//! Owns: which events make an alert, keeping it in the store until it is over, and sending notices. Must not know: HTTP, SQL,
//! or any rule about when one is told (`tidegate_core::alert`). Put together by `cli`: an [`Ear`] is told of events, a
//! [`Desk`] judges them, and a [`Post`] for each webhook sends what there is to tell.
//!
//! Nothing here holds up the engine: the ear drops what does not fit its queue, and counts that. A notice is told at most
//! once: a daemon that dies between writing an alert and sending it leaves it to the reminder.

mod desk;
mod ear;
mod form;
mod post;
mod signal;
#[cfg(test)]
mod tests;

pub use desk::{Desk, DeskConfig, Sinks};
pub use ear::{Ear, Inbox, ear};
pub use form::Form;
pub use post::Post;

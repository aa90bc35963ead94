#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests; their tasks are awaited")]
//! From events to what webhooks are sent, over a real store.

mod delivery;
mod history;

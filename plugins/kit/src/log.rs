//! Lines into the log of the run.
//!
//! Owns: one short function per level. Natively they do nothing: a test sees what a plugin answers, not what it says.

use crate::bindings::tidegate::plugin::log::Level;

/// For whoever writes the plugin.
pub fn debug(message: &str) {
    line(Level::Debug, message);
}

/// For whoever wants to follow a run.
pub fn info(message: &str) {
    line(Level::Info, message);
}

/// Something odd that did not stop the call.
pub fn warn(message: &str) {
    line(Level::Warn, message);
}

/// Something wrong. Shown as the cause if the call ends in a trap.
pub fn error(message: &str) {
    line(Level::Error, message);
}

#[cfg(target_arch = "wasm32")]
fn line(level: Level, message: &str) {
    crate::bindings::tidegate::plugin::log::line(level, message);
}

#[cfg(not(target_arch = "wasm32"))]
fn line(_: Level, _: &str) {}

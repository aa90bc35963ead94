//! `cargo xtask ci`: what a change has to pass.
//!
//! Owns: nothing but the way to `.ci/run`, so that what runs at a desk and what runs in CI is one script.

use std::process::Command;

use crate::cargo::{become_it, root};
use crate::stop::Stop;

/// Becomes `.ci/run`.
pub(crate) fn run() -> Result<(), Stop> {
    become_it(Command::new(root().join(".ci").join("run")))
}

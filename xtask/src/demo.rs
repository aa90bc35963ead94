//! `cargo xtask demo`: the daemon against local feeds and actors.
//!
//! Owns: that the daemon is built before it runs. Must not know: what the demo shows; `tidegate demo` does.

use crate::cargo::{become_it, cargo};
use crate::step::Steps;
use crate::stop::Stop;
use crate::toolchain;

/// Builds the daemon in the dev profile and becomes `tidegate demo ARGS`.
pub(crate) fn run(args: &[String]) -> Result<(), Stop> {
    toolchain::ensure()?;
    Steps::default().run("build", cargo(["build", "--package", "tidegate", "--bin", "tidegate"]))?;
    let mut demo = cargo(["run", "--quiet", "--package", "tidegate", "--bin", "tidegate", "--", "demo"]);
    demo.args(args);
    become_it(demo)
}

//! The trait a plugin implements: the four functions of the interface `source`.
//!
//! Owns: nothing but their shape. Called by [`crate::export!`] in a component, and by tests natively.

use crate::{Batch, Failure, Job, Manifest, Page, Problem, Step, Valid};

/// A platform, as four pure functions. What each promises is written in `wit/v0.1/source.wit`; in short: the same
/// arguments give the same answer, nothing is kept between calls, and `Err` is for everything that can be foreseen (a
/// panic is a fault that counts against the plugin).
pub trait Plugin {
    /// Says what this plugin is. Constant.
    fn describe() -> Manifest;

    /// Checks the settings of a source and gives its identifier in the one normal form.
    ///
    /// # Errors
    ///
    /// The problems, at least one, each with its place and what would be right.
    fn validate(kind: &str, identifier: &str, overrides: &str) -> Result<Valid, Vec<Problem>>;

    /// Says what to fetch first.
    ///
    /// # Errors
    ///
    /// Why nothing can be fetched; mostly of class `config`.
    fn plan(job: &Job) -> Result<Step, Failure>;

    /// Turns one raw page into items.
    ///
    /// # Errors
    ///
    /// Why nothing of the page is usable.
    fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure>;
}

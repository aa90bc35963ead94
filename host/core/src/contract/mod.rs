//! What crosses the border to a plugin, as plain data: the newest track of `wit/`, name for name.
//!
//! Owns: the shapes. Must not know: wasm, or which track a component speaks (one adapter file per track in
//! `host/src/plugins` converts to and from these). What a plugin gave is untrusted until [`crate::plan`] or
//! [`crate::item`] has taken it. The meaning of each field is documented in `wit/v0.1/types.wit`, once.

mod batch;
mod delivery;
mod job;
mod manifest;
mod page;

pub use batch::{Author, Batch, Facts, Hints, Item, Media, Metric, Outcome, OutcomeStatus, Reference, Reject, Removal};
pub use delivery::Delivery;
pub use job::{ActorRun, Body, BodyForm, Failure, FailureCategory, Fetch, Header, HttpRequest, Job, Step, Watermark};
pub use manifest::{Example, Kind, Manifest, Problem, Valid};
pub use page::{ActorEnd, DatasetPage, HttpResponse, Page, PageContent, Redirect};

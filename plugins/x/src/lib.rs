//! The plugin `x`: posts of accounts, of searches and by URL, through actors.
//!
//! Owns: the four functions of the contract, each a few lines that name the rooms it goes through. Must not know: clocks,
//! sockets, stores, prices. A run goes through the rooms in this order:
//!
//! [`identifier`] and [`overrides`] (what is wanted) -> [`query`] and [`input`] (what the actor is asked) -> [`fields`]
//! and [`tweet`] (an element is read) -> [`rows`] (what the element is) -> [`item`], with [`text`], [`dates`], [`media`] and
//! [`snowflake`] beside -> [`dataset`] (a page) -> [`verdict`] (what the dataset says about the source).

pub mod dataset;
pub mod dates;
pub mod fields;
pub mod identifier;
pub mod input;
pub mod item;
pub mod limits;
pub mod manifest;
pub mod media;
pub mod overrides;
pub mod query;
pub mod rows;
pub mod snowflake;
pub mod state;
pub mod text;
pub mod tweet;
pub mod verdict;

use tidegate_plugin_kit::actors::{self, RunState};
use tidegate_plugin_kit::{self as kit, Batch, Failure, Job, Manifest, Page, Plugin, Problem, Step, Valid};

use crate::identifier::Kind;
use crate::overrides::Overrides;
use crate::state::State;

/// The plugin.
#[derive(Debug, Clone, Copy)]
pub struct X;

impl Plugin for X {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn validate(kind: &str, identifier: &str, overrides: &str) -> Result<Valid, Vec<Problem>> {
        let Some(kind) = Kind::of(kind) else {
            return Err(vec![Problem::new(
                "",
                format!("there is no kind \"{kind}\"; there are account, search and post"),
            )]);
        };
        actors::validate(overrides, |overrides: &Overrides| {
            identifier::normalize(kind, identifier, overrides.operators)
        })
    }

    fn plan(job: &Job) -> Result<Step, Failure> {
        let (kind, overrides) = actors::wanted::<_, Overrides>(job, Kind::of)?;
        input::step(job, kind, &overrides, State::default())
    }

    fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure> {
        let (kind, overrides) = actors::wanted::<_, Overrides>(job, Kind::of)?;
        let dataset = actors::dataset(page)?;
        dataset::read(job, kind, &overrides, State::read(page.state.as_deref()), dataset)
    }
}

kit::export!(X);

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

use tidegate_plugin_kit::{
    self as kit, Batch, Failure, Job, Manifest, Page, PageContent, Plugin, Problem, Step, Valid,
};

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
        let overrides = match Overrides::read(overrides) {
            Ok(overrides) => overrides,
            Err((pointer, message)) => return Err(vec![Problem::new(&pointer, message)]),
        };
        let mut problems = overrides.problems();
        match identifier::normalize(kind, identifier, overrides.operators) {
            Ok(normal) if problems.is_empty() => return Ok(Valid::new(normal)),
            Ok(_) => {}
            Err(message) => problems.push(Problem::new("", message)),
        }
        Err(problems)
    }

    fn plan(job: &Job) -> Result<Step, Failure> {
        let (kind, overrides) = wanted(job)?;
        input::step(job, kind, &overrides, State::default())
    }

    fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure> {
        let (kind, overrides) = wanted(job)?;
        match &page.content {
            PageContent::Dataset(dataset) => {
                dataset::read(job, kind, &overrides, State::read(page.state.as_deref()), dataset)
            }
            PageContent::Http(_) | PageContent::Other(_) => {
                Err(Failure::unexpected_page("expected the dataset of an actor run: this plugin asks for nothing else"))
            }
        }
    }
}

kit::export!(X);

/// The kind and the settings of a job, checked again: a profile may have changed since the source was validated.
fn wanted(job: &Job) -> Result<(Kind, Overrides), Failure> {
    let kind = Kind::of(&job.kind)
        .ok_or_else(|| Failure::config("", format!("there is no kind \"{}\" of source", job.kind)))?;
    let overrides = Overrides::read(&job.overrides).map_err(|(pointer, message)| Failure::config(&pointer, message))?;
    match overrides.problems().into_iter().next() {
        Some(problem) => Err(Failure::config(&problem.pointer, problem.message)),
        None => Ok((kind, overrides)),
    }
}

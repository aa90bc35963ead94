//! The plugin `instagram`: posts of accounts, of hashtags and by URL, and facts about profiles, through actors.
//!
//! Owns: the four functions of the contract, each a few lines that name the rooms it goes through. Must not know: clocks,
//! sockets, stores, prices. A run goes through the rooms in this order:
//!
//! [`identifier`] and [`overrides`] (what is wanted) -> [`window`] and [`input`] (what the actor is asked) -> [`fields`]
//! and [`post`] (an element is read) -> [`rows`] (what the element is) -> [`item`] and [`profile`], with [`media`] and
//! [`shortcode`] beside -> [`dataset`] (a page) -> [`verdict`] (what the dataset says about the source).

pub mod dataset;
pub mod fields;
pub mod identifier;
pub mod input;
pub mod item;
pub mod limits;
pub mod manifest;
pub mod media;
pub mod overrides;
pub mod post;
pub mod profile;
pub mod rows;
pub mod shortcode;
pub mod state;
pub mod verdict;
pub mod window;

use tidegate_plugin_kit::{
    self as kit, Batch, Failure, Job, Manifest, Page, PageContent, Plugin, Problem, Step, Valid,
};

use crate::identifier::Kind;
use crate::overrides::Overrides;
use crate::state::State;

/// The plugin.
#[derive(Debug, Clone, Copy)]
pub struct Instagram;

impl Plugin for Instagram {
    fn describe() -> Manifest {
        manifest::manifest()
    }

    fn validate(kind: &str, identifier: &str, overrides: &str) -> Result<Valid, Vec<Problem>> {
        let Some(kind) = Kind::of(kind) else {
            let message = format!("there is no kind \"{kind}\"; there are account, hashtag, post and profile");
            return Err(vec![Problem::new("", message)]);
        };
        let overrides = match Overrides::read(overrides) {
            Ok(overrides) => overrides,
            Err((pointer, message)) => return Err(vec![Problem::new(&pointer, message)]),
        };
        let mut problems = overrides.problems();
        match identifier::normalize(kind, identifier) {
            Ok(normal) if problems.is_empty() => return Ok(Valid::new(normal)),
            Ok(_) => {}
            Err(message) => problems.push(Problem::new("", message)),
        }
        Err(problems)
    }

    fn plan(job: &Job) -> Result<Step, Failure> {
        let (kind, overrides) = wanted(job)?;
        input::step(job, kind, &overrides)
    }

    fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure> {
        let (kind, overrides) = wanted(job)?;
        match &page.content {
            PageContent::Dataset(dataset) => {
                Ok(dataset::read(job, kind, &overrides, State::read(page.state.as_deref()), dataset))
            }
            PageContent::Http(_) | PageContent::Other(_) => {
                Err(Failure::unexpected_page("expected the dataset of an actor run: this plugin asks for nothing else"))
            }
        }
    }
}

kit::export!(Instagram);

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

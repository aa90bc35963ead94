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

use tidegate_plugin_kit::actors::{self, RunState};
use tidegate_plugin_kit::{self as kit, Batch, Failure, Job, Manifest, Page, Plugin, Problem, Step, Valid};

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
        actors::validate(overrides, |_: &Overrides| identifier::normalize(kind, identifier))
    }

    fn plan(job: &Job) -> Result<Step, Failure> {
        let (kind, overrides) = actors::wanted::<_, Overrides>(job, Kind::of)?;
        input::step(job, kind, &overrides)
    }

    fn normalize(job: &Job, page: &Page) -> Result<Batch, Failure> {
        let (kind, overrides) = actors::wanted::<_, Overrides>(job, Kind::of)?;
        let dataset = actors::dataset(page)?;
        Ok(dataset::read(job, kind, &overrides, State::read(page.state.as_deref()), dataset))
    }
}

kit::export!(Instagram);

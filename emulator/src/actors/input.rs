//! What a run was asked for, read from its input.
//!
//! Owns: the common shape of all actors' inputs, and the checks that Apify makes against an actor's input schema. A
//! refusal's text follows "Input is not valid: ". Called by the start of a run, by `validate-input`, and when a dataset
//! is read.

use serde_json::{Map, Value};

use super::catalogue::{Actor, Family};
use super::{instagram_input, x_input};
use crate::clock::Millis;
use crate::published::tweets::Schema;

/// What a run is to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) what: What,
    pub(crate) targets: Vec<Target>,
    /// The most items: for each target, or for all together.
    pub(crate) limit: Option<u32>,
    pub(crate) limit_of_run: bool,
    /// Nothing at or before this.
    pub(crate) since: Option<Millis>,
    /// Nothing at or after this.
    pub(crate) until: Option<Millis>,
    pub(crate) detailed: bool,
    pub(crate) skip_pinned: bool,
    /// Each item says which search found it.
    pub(crate) terms: bool,
    pub(crate) without_replies: bool,
    pub(crate) without_retweets: bool,
    pub(crate) only_media: bool,
}

/// Which sort of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    InstagramPosts,
    InstagramProfiles,
    InstagramComments,
    SonesPosts,
    Tweets(Schema),
}

/// One thing that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) of: Of,
    /// As it was written in the input: an address, a handle or a search.
    pub(crate) asked: String,
}

/// What a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Of {
    /// Handle in lower case.
    Account(String),
    /// Id of a post, and of whom it is where that is known.
    Post { id: Option<u64>, handle: Option<String> },
    /// Words or a tag: posts of several accounts.
    Search(String),
}

impl Ask {
    pub(crate) fn new(what: What) -> Self {
        Self {
            what,
            targets: Vec::new(),
            limit: None,
            limit_of_run: false,
            since: None,
            until: None,
            detailed: false,
            skip_pinned: false,
            terms: false,
            without_replies: false,
            without_retweets: false,
            only_media: false,
        }
    }

    /// For the books: handles and searches, separated by spaces.
    pub(crate) fn subject(&self) -> String {
        let names = self.targets.iter().map(|target| match &target.of {
            Of::Account(name) | Of::Search(name) => name.clone(),
            Of::Post { .. } => target.asked.clone(),
        });
        names.collect::<Vec<_>>().join(" ")
    }
}

/// Reads an input.
///
/// # Errors
/// What is wrong, as the text after "Input is not valid: ".
pub(crate) fn read(actor: &Actor, input: &Map<String, Value>, now: Millis) -> Result<Ask, String> {
    let fields = Fields(input);
    match actor.family {
        Family::InstagramByUrl => instagram_input::by_url(&fields, now),
        Family::InstagramPosts => instagram_input::posts(&fields, now),
        Family::InstagramProfiles => instagram_input::profiles(&fields),
        Family::Sones => instagram_input::sones(&fields, now),
        Family::Apidojo => x_input::apidojo(&fields, now),
        Family::Kaito => x_input::kaito(&fields),
    }
}

/// The fields of an input, with the checks of their types.
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A list of texts; empty where it is absent.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<&'a str>, String> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| format!("Field input.{name} must be array"))?;
        let texts = list.iter().enumerate();
        texts.map(|(at, each)| each.as_str().ok_or_else(|| format!("Field input.{name}.{at} must be string"))).collect()
    }

    /// A list that must be there, with one text at least.
    pub(crate) fn required(&self, name: &str) -> Result<Vec<&'a str>, String> {
        if self.get(name).is_none() {
            return Err(format!("Field input.{name} is required"));
        }
        let list = self.list(name)?;
        if list.is_empty() { Err(format!("Field input.{name} must NOT have fewer than 1 items")) } else { Ok(list) }
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| format!("Field input.{name} must be string")))
            .transpose()
    }

    /// A text out of a few.
    pub(crate) fn one_of(&self, name: &str, allowed: &[&'static str]) -> Result<Option<&'static str>, String> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let found = allowed.iter().find(|each| **each == text).copied();
        let wanted = || {
            let quoted: Vec<String> = allowed.iter().map(|each| format!("\"{each}\"")).collect();
            format!("Field input.{name} must be equal to one of the allowed values: {}", quoted.join(", "))
        };
        found.map(Some).ok_or_else(wanted)
    }

    /// A whole number from 1 on.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u32>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = value.as_i64().ok_or_else(|| format!("Field input.{name} must be integer"))?;
        if number < 1 {
            return Err(format!("Field input.{name} must be >= 1"));
        }
        Ok(Some(u32::try_from(number).unwrap_or(u32::MAX)))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, String> {
        let Some(value) = self.get(name) else { return Ok(false) };
        value.as_bool().ok_or_else(|| format!("Field input.{name} must be boolean"))
    }

    /// A cutoff.
    pub(crate) fn moment(&self, name: &str, now: Millis) -> Result<Option<Millis>, String> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let wanted = "Field input.{name} must match a date, a date-time ending with Z, or a span such as \"2 days\"";
        super::cutoff::read(text, now).map(Some).ok_or_else(|| wanted.replace("{name}", name))
    }
}

//! What happens in a rehearsal, step by step.
//!
//! Owns: the steps, their form for people, and the pages as the plugin got them. Must not know: who tells them. Secrets of the
//! daemon are hidden in whatever is told, and control characters do nothing to a terminal.

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use tidegate_core::contract::{Job, Page};
use tidegate_core::item;

use crate::cli::error::CliError;
use crate::cli::output::{self, short};
use crate::secret::Secret;

/// Items, headers and log lines of a step that are told.
const TOLD: usize = 10;
/// Characters of a value that are told.
const WIDE: usize = 160;

/// One page of a run with the job it was given with.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) job: Job,
    pub(super) page: Page,
}

/// The steps so far.
pub(super) struct Journal {
    /// Printed as they come, for people; else kept for programs.
    aloud: bool,
    secrets: Vec<Secret>,
    steps: Mutex<Vec<Value>>,
    given: Mutex<Vec<Given>>,
}

impl Journal {
    pub(super) const fn new(aloud: bool, secrets: Vec<Secret>) -> Self {
        Self { aloud, secrets, steps: Mutex::new(Vec::new()), given: Mutex::new(Vec::new()) }
    }

    /// Tells a step: a name, and an object of facts.
    pub(super) fn step(&self, name: &str, facts: Value) {
        let mut facts = self.hidden(facts);
        if self.aloud {
            // A reader that has gone away is found out by the last print.
            let _gone = output::print(&told(name, &facts));
        }
        if let Value::Object(object) = &mut facts {
            let mut step = Map::from_iter([("step".to_owned(), json!(name))]);
            step.append(object);
            self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(Value::Object(step));
        }
    }

    /// Remembers a page as the plugin got it.
    pub(super) fn page(&self, job: &Job, page: &Page) {
        let given = Given { job: job.clone(), page: page.clone() };
        self.given.lock().unwrap_or_else(PoisonError::into_inner).push(given);
    }

    /// The steps, for a program.
    pub(super) fn steps(&self) -> Vec<Value> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The pages, in order.
    pub(super) fn given(&self) -> Vec<Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Without any secret of the daemon.
    pub(super) fn hidden(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hidden_text(&text)),
            Value::Array(values) => Value::Array(values.into_iter().map(|value| self.hidden(value)).collect()),
            Value::Object(members) => Value::Object(
                members.into_iter().map(|(name, value)| (self.hidden_text(&name), self.hidden(value))).collect(),
            ),
            other => other,
        }
    }

    fn hidden_text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.hidden_in(&text))
    }

    /// An error without any secret of the daemon.
    pub(super) fn error(&self, mut error: CliError) -> CliError {
        error.message = self.hidden_text(&error.message);
        error
    }
}

/// A step for people: its name, and a fact a line.
fn told(name: &str, facts: &Value) -> String {
    let mut text = name.to_owned();
    for (fact, value) in facts.as_object().into_iter().flatten() {
        tell(fact, value, &mut text);
    }
    text
}

/// What is within an object is named by its way there; what says nothing is left out.
fn tell(fact: &str, value: &Value, text: &mut String) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (member, value) in members {
                tell(&format!("{fact}.{member}"), value, text);
            }
        }
        Value::Array(values) => {
            for value in values.iter().take(TOLD) {
                text.push_str(&format!("\n  {fact}: {}", shown(value)));
            }
            if let Some(more) = values.len().checked_sub(TOLD).filter(|more| *more > 0) {
                text.push_str(&format!("\n  {fact}: and {more} more"));
            }
        }
        value => text.push_str(&format!("\n  {fact}: {}", shown(value))),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    short(&text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>(), WIDE)
}

/// An accepted item in a line.
pub(super) fn item_facts(item: &item::Item) -> Value {
    json!({
        "external_id": item.external_id,
        "kind": item.kind,
        "title": item.title.as_ref().or(item.text.as_ref()).map(|text| short(text, WIDE)),
        "url": item.url,
        "published_at": item.published_at,
    })
}

//! Faults on demand: rules that match requests and change what happens.
//!
//! Owns: the language of rules (JSON or TOML), the numbered scenarios, and counting. Must not know: sockets or runs.
//! Called by the control API, by files given at the start, and by every request.

mod effect;
mod presets;
mod rules;

use serde::Deserialize;
use thiserror::Error;

pub(crate) use effect::{Answer, Coding, Cut, Effect, Patch, Slow, Twist, Wait, WebhookFault};
pub(crate) use rules::{Rules, Subject};

/// A list of rules.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// In order: where two set the same thing, the later one counts.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// When something happens, how often, and what: an effect, or a scenario by its number.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `14`, `3-after`, ...: a prepared list of effects instead of `effect`.
    #[serde(default, deserialize_with = "text_or_number")]
    scenario: Option<String>,
    /// Which requests it is about.
    #[serde(default)]
    when: When,
    /// From which matching request on, counted from 1.
    nth: Option<u32>,
    /// How many times at most.
    times: Option<u32>,
    /// For how long after the first time, in ms.
    within_ms: Option<i64>,
    #[serde(default)]
    effect: Option<Effect>,
}

/// What a request must be like; what is not said matches all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    endpoint: Option<Endpoint>,
    /// `user/name`.
    actor: Option<String>,
    /// A text that stands in the input of the run.
    handle: Option<String>,
    /// The id of a run.
    run: Option<String>,
}

/// The endpoints that rules tell apart, and that the books count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Endpoint {
    Start,
    GetRun,
    Items,
    List,
    Abort,
    Resurrect,
    Dataset,
    Record,
    Validate,
    Me,
    Limits,
    Usage,
    Actor,
    Other,
}

/// Why a script cannot be used.
#[derive(Debug, Error)]
pub enum ScriptError {
    /// Not the shape of a script.
    #[error(
        "reading the script: {0}; a rule has `when`, `nth`, `times`, `within_ms` and either `effect` or `scenario`"
    )]
    Shape(String),
    /// A number that nobody knows.
    #[error("scenario {0:?} is not known; these are: {1}")]
    Scenario(String, String),
    /// Neither effect nor scenario, or both.
    #[error("rule {0} has to have either `effect` or `scenario`")]
    Empty(usize),
}

impl Script {
    /// Reads JSON: a script, a list of rules, or one rule.
    ///
    /// # Errors
    /// [`ScriptError`] with what would be right.
    pub fn from_json(text: &str) -> Result<Self, ScriptError> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(shape)?;
        let script = if value.is_array() {
            Self { rules: serde_json::from_value(value).map_err(shape)? }
        } else if value.get("rules").is_some() {
            serde_json::from_value(value).map_err(shape)?
        } else {
            Self { rules: vec![serde_json::from_value(value).map_err(shape)?] }
        };
        script.checked()
    }

    /// Reads TOML: `[[rules]]` tables.
    ///
    /// # Errors
    /// [`ScriptError`] with what would be right.
    pub fn from_toml(text: &str) -> Result<Self, ScriptError> {
        toml::from_str::<Self>(text).map_err(|error| ScriptError::Shape(error.to_string()))?.checked()
    }

    /// One scenario for the sources of a handle (a text within the input); an empty one means all sources.
    ///
    /// # Errors
    /// When the scenario is not known.
    pub fn scenario(number: &str, handle: &str) -> Result<Self, ScriptError> {
        let when = When { handle: Some(handle.to_owned()).filter(|handle| !handle.is_empty()), ..When::default() };
        Self { rules: vec![Rule { scenario: Some(number.to_owned()), when, ..Rule::default() }] }.checked()
    }

    /// Both, this one first.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    fn checked(self) -> Result<Self, ScriptError> {
        for (at, rule) in self.rules.iter().enumerate() {
            match (&rule.scenario, &rule.effect) {
                (Some(number), None) => {
                    presets::rules(number)?;
                }
                (None, Some(_)) => {}
                _ => return Err(ScriptError::Empty(at)),
            }
        }
        Ok(self)
    }

    /// Rules with effects only: scenarios are replaced by what they stand for.
    fn unfolded(&self) -> Result<Vec<Rule>, ScriptError> {
        let mut all = Vec::new();
        for rule in &self.rules {
            let Some(number) = &rule.scenario else {
                all.push(rule.clone());
                continue;
            };
            all.extend(presets::rules(number)?.into_iter().map(|preset| Rule {
                scenario: None,
                when: When { endpoint: preset.when.endpoint, ..rule.when.clone() },
                nth: rule.nth.or(preset.nth),
                times: rule.times.or(preset.times),
                within_ms: rule.within_ms.or(preset.within_ms),
                effect: preset.effect,
            }));
        }
        Ok(all)
    }
}

/// All numbers of scenarios, with their variants.
#[must_use]
pub fn scenarios() -> Vec<&'static str> {
    presets::names()
}

#[expect(clippy::needless_pass_by_value, reason = "the argument of `map_err`")]
fn shape(error: serde_json::Error) -> ScriptError {
    ScriptError::Shape(error.to_string())
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(u64),
    }
    Ok(Option::<Either>::deserialize(deserializer)?.map(|either| match either {
        Either::Text(text) => text,
        Either::Number(number) => number.to_string(),
    }))
}

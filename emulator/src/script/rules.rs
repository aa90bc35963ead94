//! Rules at work: which of them apply to a request.
//!
//! Owns: matching and counting. Called once for each request.

use super::effect::Effect;
use super::{Endpoint, Rule, Script, ScriptError};
use crate::clock::Millis;

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) endpoint: Endpoint,
    /// `user/name`, where the request is about one.
    pub(crate) actor: Option<&'a str>,
    /// The input of the run it is about.
    pub(crate) input: Option<&'a [u8]>,
    pub(crate) run: Option<&'a str>,
}

/// Rules and how often each has applied.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<Counted>);

#[derive(Debug)]
struct Counted {
    rule: Rule,
    seen: u32,
    applied: u32,
    first: Option<Millis>,
}

impl Rules {
    /// Adds the rules of a script.
    pub(crate) fn add(&mut self, script: &Script) -> Result<(), ScriptError> {
        let rules = script.unfolded()?.into_iter();
        self.0.extend(rules.map(|rule| Counted { rule, seen: 0, applied: 0, first: None }));
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the rules that apply do together.
    pub(crate) fn apply(&mut self, subject: Subject<'_>, now: Millis) -> Effect {
        let mut effect = Effect::default();
        for counted in &mut self.0 {
            if counted.applies(subject, now)
                && let Some(over) = &counted.rule.effect
            {
                effect.overlay(over);
            }
        }
        effect
    }
}

impl Counted {
    fn applies(&mut self, subject: Subject<'_>, now: Millis) -> bool {
        if !matches(&self.rule, subject) {
            return false;
        }
        self.seen = self.seen.saturating_add(1);
        let begun = self.seen >= self.rule.nth.unwrap_or(1);
        let left = self.rule.times.is_none_or(|times| self.applied < times);
        let first = *self.first.get_or_insert(now);
        let within = self.rule.within_ms.is_none_or(|within| now.since(first) < within);
        let applies = begun && left && within;
        self.applied += u32::from(applies);
        applies
    }
}

fn matches(rule: &Rule, subject: Subject<'_>) -> bool {
    let when = &rule.when;
    when.endpoint.is_none_or(|endpoint| endpoint == subject.endpoint)
        && when.actor.as_deref().is_none_or(|actor| subject.actor == Some(actor))
        && when.run.as_deref().is_none_or(|run| subject.run == Some(run))
        && when.handle.as_deref().is_none_or(|handle| subject.input.is_some_and(|input| contains(input, handle)))
}

/// As bytes, without regard to ASCII case.
fn contains(input: &[u8], text: &str) -> bool {
    input.windows(text.len().max(1)).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

//! What a run does about the dataset of an actor run.
//!
//! Owns: that it is read to its end, what each end of an actor run means, and what becomes of elements no plugin can be
//! handed. Must not know: HTTP. A part of [`Machine`].
//!
//! A page is handed over when the one behind it is here, because only then it is known whether it is the last. The end is an
//! empty read; counts and totals of the platform lag (`reference`: apify, section 7).

use core::time::Duration;

use super::intent::{Intent, IntentStage, Place};
use super::machine::Machine;
use super::state::{From, Pause, State, Then};
use super::step::Effect;
use crate::actor::{Element, RemoteRun, RemoteStatus, Slice};
use crate::contract::{ActorEnd, DatasetPage, Page, PageContent};
use crate::failure::{Class, Failure};
use crate::item;
use crate::limits;
use crate::time::UtcMillis;

/// A dataset that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    intent: Intent,
    run: RemoteRun,
    end: ActorEnd,
    /// Elements that were stored before this part of the run began.
    from: u32,
    /// Elements handed to the plugin so far, by whatever part.
    offset: u32,
    /// The elements after them, if they are here already.
    held: Option<Slice>,
    /// Times it was read again because elements were missing.
    lag: usize,
    /// Whether this part of the run has stored a page of it.
    stored: bool,
}

impl Reading {
    /// The dataset of a run that has ended, from the place on up to which it is stored.
    pub(super) const fn new(intent: Intent, run: RemoteRun, end: ActorEnd, place: &Place) -> Self {
        Self { intent, run, end, from: place.offset, offset: place.offset, held: None, lag: 0, stored: false }
    }

    /// Whether this part of the run has got on with it.
    pub(super) const fn has_stored(&self) -> bool {
        self.stored
    }

    pub(super) fn into_intent(self) -> Intent {
        self.intent
    }

    /// Elements read so far, handed over or not.
    fn read(&self) -> u32 {
        let held = self.held.as_ref().map_or(0, |slice| slice.elements.len());
        self.offset.saturating_add(u32::try_from(held).unwrap_or(u32::MAX))
    }

    /// Whether it shows less than it has shown before: a page is stored when the next one is here.
    fn has_shrunk(&self) -> bool {
        self.from > 0 && self.read() == self.from
    }

    /// Whether the platform has charged for more than it shows, or may have.
    fn is_short(&self) -> bool {
        match self.run.charged_elements {
            Some(charged) => u64::from(self.read()) < charged,
            None => self.read() == 0 && self.end == ActorEnd::Succeeded,
        }
    }

    /// Whether the count of what was charged for may lag itself: it says nothing, or less than there is.
    fn may_be_early(&self) -> bool {
        let read = u64::from(self.read());
        let counts = |charged| read > charged || (charged == 0 && self.end == ActorEnd::Succeeded);
        self.run.charged_elements.is_some_and(counts)
    }

    /// How long to wait before the end of what it shows is read again, if it is.
    fn lags_for(&self) -> Option<Duration> {
        let waits = match () {
            () if self.is_short() || self.has_shrunk() => limits::DATASET_LAG.len(),
            () if self.may_be_early() => 1,
            () => 0,
        };
        limits::DATASET_LAG.iter().take(waits).nth(self.lag).copied()
    }
}

impl Machine {
    pub(super) fn read(&mut self, reading: Reading) -> Effect {
        let (intent, from) = (Box::new(reading.intent.clone()), reading.read());
        self.state = State::Reading(Box::new(reading));
        Effect::Read(intent, from)
    }

    /// Reads what is behind the elements held, unless they are as many as are read at all: then they are the last.
    pub(super) fn read_on(&mut self, mut reading: Reading) -> Effect {
        let most = limits::DATASET_ELEMENTS;
        if reading.read() < most {
            return self.read(reading);
        }
        self.findings.warn(format!("the actor left {most} elements or more, the most that are read"));
        let last = reading.held.take().unwrap_or_default();
        self.hand_over(reading, last, false)
    }

    pub(super) fn sliced(&mut self, mut reading: Reading, slice: Result<Slice, Failure>, now: UtcMillis) -> Effect {
        let slice = match slice {
            Ok(slice) => slice,
            Err(failure) if failure.class == Class::NotFound => {
                return self.fail(None, Failure::new(Class::BadAnswer, failure.message));
            }
            Err(_) => return self.trouble(reading.intent, now),
        };
        if let Some(end) = &mut self.open {
            let read = u32::try_from(slice.elements.len()).unwrap_or(u32::MAX);
            end.elements = end.elements.max(reading.read().saturating_add(read));
        }
        if slice.elements.is_empty() {
            if let Some(wait) = reading.lags_for() {
                reading.lag += 1;
                return self.wait(wait, Pause::Read(reading));
            }
            if reading.has_shrunk() {
                return self.trouble(reading.intent, now);
            }
            let last = reading.held.take().unwrap_or_default();
            return self.hand_over(reading, last, false);
        }
        match reading.held.replace(slice) {
            None => self.read_on(reading),
            Some(first) => self.hand_over(reading, first, true),
        }
    }

    /// Hands a page of the dataset to the plugin.
    fn hand_over(&mut self, mut reading: Reading, slice: Slice, more: bool) -> Effect {
        let offset = reading.offset;
        let mut elements = Vec::with_capacity(slice.elements.len());
        for element in slice.elements {
            elements.push(match element {
                Element::Text(text) => text,
                Element::TooLarge { bytes } => {
                    let at = offset.saturating_add(u32::try_from(elements.len()).unwrap_or(u32::MAX));
                    self.findings.warn(format!("element {at} of the dataset has {bytes} bytes and was not read"));
                    // What no plugin takes for anything: it becomes a reject, and so a dead letter.
                    "null".to_owned()
                }
            });
        }
        reading.offset = offset.saturating_add(u32::try_from(elements.len()).unwrap_or(u32::MAX));
        let mut extra = serde_json::Map::new();
        extra.insert("actor".to_owned(), reading.intent.order.actor.as_str().into());
        if let Some(build) = &reading.run.build {
            extra.insert("build".to_owned(), build.as_str().into());
        }
        if let Some(message) = &reading.run.message {
            extra.insert("status-message".to_owned(), message.as_str().into());
        }
        let content = DatasetPage {
            elements,
            offset,
            more,
            ended: reading.end,
            extra: Some(serde_json::Value::Object(extra).to_string()),
        };
        let page = Page {
            state: self.place.state.as_ref().or(reading.intent.state.as_ref()).cloned(),
            content: PageContent::Dataset(content),
            number: self.pages,
            extra: None,
        };
        if !more {
            reading.held = None;
        }
        self.state = State::Normalizing(From::Dataset(Box::new(reading)));
        Effect::Normalize(page)
    }

    /// A page of the dataset is normalized. `state`: what the plugin wants to find with the next one.
    pub(super) fn normalized_slice(
        &mut self,
        mut reading: Reading,
        mut page: item::Page,
        state: Option<String>,
    ) -> Effect {
        self.findings.learn(&mut page);
        let place = &mut self.place;
        place.offset = reading.offset;
        place.fillers = place.fillers.saturating_add(page.fillers);
        place.trouble = place.trouble.take().or_else(|| page.trouble.take());
        // Only the last page has nothing held behind it.
        if reading.held.is_some() {
            place.state = state.or_else(|| place.state.take());
            reading.stored = true;
            reading.intent.troubles = 0;
            self.state = State::Storing(Box::new(Then::Read(Box::new(reading))), None);
            return Effect::Commit { page: Some(Box::new(page)), ended: None, finish: None };
        }
        let empty = reading.offset == 0;
        let Place { fillers, trouble, .. } = core::mem::take(&mut self.place);
        page.trouble = trouble;
        self.weigh(&reading, fillers);
        if reading.end != ActorEnd::Succeeded {
            // Whatever the plugin proposes, the dataset may be incomplete.
            self.findings.watermark = None;
            page.next = None;
            page.trouble = page.trouble.or_else(|| self.judge(&reading, empty));
        }
        self.follow(page)
    }

    /// What was paid for and is not there: elements that hold nothing, and elements that never showed.
    fn weigh(&mut self, reading: &Reading, fillers: u32) {
        let read = reading.offset;
        if fillers > 0 {
            let actor = &reading.intent.order.actor;
            self.findings.warn(format!("{fillers} of the {read} elements that {actor} was paid for hold nothing"));
        }
        let some = 1..limits::DATASET_ELEMENTS;
        if reading.end == ActorEnd::Succeeded && some.contains(&read) && reading.is_short() {
            // What is missing may be newer than what came: the next run reads from where this one did.
            let charged = reading.run.charged_elements.unwrap_or_default();
            self.findings
                .warn(format!("{charged} elements were paid for and {read} could be read: the next run reads again"));
            self.findings.watermark = None;
        }
    }

    /// What an end other than success means for the run. Its items are stored either way.
    fn judge(&mut self, reading: &Reading, empty: bool) -> Option<Failure> {
        let said = reading.run.message.as_deref().unwrap_or("it did not say why");
        let word = reading.run.status.word();
        let aborted = matches!(reading.intent.stage, IntentStage::Started { aborted: true, .. });
        let trouble = match reading.run.status {
            RemoteStatus::Failed => true,
            RemoteStatus::TimedOut => empty,
            // By our own deadline. By its charge cap or an operator it is nobody's fault.
            RemoteStatus::Aborted => empty && aborted && self.wanted,
            _ => false,
        };
        if trouble {
            return Some(Failure::new(Class::Transient, format!("the actor run {word}: {said}")));
        }
        // Who reads the record is told whose wish it was.
        let why = if aborted && !self.wanted { "its source was paused or switched off" } else { said };
        self.findings.warn(format!("the actor run {word} ({why}): what it left may be incomplete"));
        None
    }
}

//! What a step remembers until its page comes back.
//!
//! Owns: the state of a run, as JSON in `step.state`, and the step itself. Called by [`crate`]'s `plan` and `normalize`, and by
//! [`crate::sweep`].

use serde::{Deserialize, Serialize};
use tidegate_plugin_kit::{Failure, Job, Step};

use crate::hashes::Hashes;
use crate::paging::Position;
use crate::place::Place;
use crate::request;
use crate::settings::Settings;

/// Statuses that say that a server cannot answer, which may mean this page. With one more they are as many as the contract allows.
const BROKEN: [u16; 15] = [408, 425, 500, 501, 502, 503, 504, 507, 508, 520, 521, 522, 523, 524, 530];

/// The state of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The sweep, `at` the page that was asked for.
    pub place: Place,
    /// Whether nothing was known before the run.
    pub first: bool,
    /// Whether the sweep began in an earlier run.
    pub resumed: bool,
    /// Pages of the run before this one.
    pub pages: u32,
    /// Positions of the sweep that the run has asked for.
    pub asked: Hashes,
    /// Records of the sweep that the run has seen.
    pub seen: Hashes,
    /// The newest item of the run: id, and milliseconds since 1970 of its publication.
    pub newest: (Option<String>, Option<i64>),
}

impl State {
    /// Where a run begins.
    pub fn first(job: &Job, settings: &Settings) -> Self {
        let known = Place::of_job(job, settings);
        let first = known.is_none();
        let place = known.unwrap_or_else(|| {
            let most = Some(job.max_items);
            Place { left: most, most, ..Place::default() }
        });
        let resumed = place.at.is_some();
        let place = if resumed { place } else { place.anew(job, settings) };
        Self { place, first, resumed, ..Self::default() }
    }

    /// Reads a state; a page without a readable one is that of the run's first step.
    pub fn read(text: Option<&str>, job: &Job, settings: &Settings) -> Self {
        let read: Option<Self> = text.and_then(|text| serde_json::from_str(text).ok());
        read.filter(|state| state.place.at.is_some()).unwrap_or_else(|| Self::first(job, settings))
    }

    /// Whether it is about the position of an earlier run, which the server may have forgotten: the first page of a run that goes on
    /// with a sweep.
    pub fn is_kept(&self, settings: &Settings) -> bool {
        self.resumed && self.pages == 0 && self.at() != settings.paging.start()
    }

    /// The state of a run that begins with a new sweep instead.
    #[must_use]
    pub fn begun_again(&self, job: &Job, settings: &Settings) -> Self {
        Self { pages: 0, ..self.anew(self.place.clone().given_up(), job, settings) }
    }

    /// The page it is about.
    pub fn at(&self) -> Position {
        self.place.at.clone().unwrap_or(Position::Start)
    }

    /// The step that asks for it.
    ///
    /// # Errors
    ///
    /// If no request can be made of the settings.
    pub fn step(mut self, job: &Job, settings: &Settings) -> Result<Step, Failure> {
        let at = self.at();
        let mut request = request::build(job, settings, &at, self.place.since.as_deref())?;
        // What the host would keep to itself, and `answer` has another answer to. A platform that asks to slow down in the middle of a
        // listing must not cost what was read; and servers refuse a position that they have forgotten with whatever they have.
        let own = [if self.pages > 0 { 429 } else { 401 }];
        let broken = if self.resumed && at != settings.paging.start() { &BROKEN[..] } else { &[] };
        if self.pages > 0 || !broken.is_empty() {
            request.pass_statuses = own.into_iter().chain(broken.iter().copied()).collect();
        }
        self.asked.add(&at.written(), crate::limits::SEEN);
        let delay = (self.pages > 0 && settings.paging.delay_s > 0.0)
            .then(|| format!("{{\"delay-s\":{}}}", settings.paging.delay_s));
        Ok(Step { extra: delay, ..Step::http(request, serde_json::to_string(&self).ok()) })
    }

    /// Whether the run has asked for that page of the sweep.
    pub fn has_asked(&self, at: &Position) -> bool {
        self.asked.has(&at.written())
    }

    /// The state of the page at `at`, after this one.
    #[must_use]
    pub fn next(&self, at: Position) -> Self {
        Self { place: Place { at: Some(at), ..self.place.clone() }, pages: self.pages + 1, ..self.clone() }
    }

    /// The state of a new sweep, after this page.
    #[must_use]
    pub fn anew(&self, place: Place, job: &Job, settings: &Settings) -> Self {
        Self {
            place: place.anew(job, settings),
            pages: self.pages + 1,
            first: self.first,
            newest: self.newest.clone(),
            ..Self::default()
        }
    }
}

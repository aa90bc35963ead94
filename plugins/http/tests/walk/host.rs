//! The host's side of a run, as far as it decides what is stored and where the next run begins.
//!
//! Owns: the cap on new items, the horizon of a cut first run, the page budget, and when a watermark counts (the contract's words at
//! `batch.watermark` and `batch.next`). Must not know: the server.

use std::collections::BTreeSet;

use serde_json::Value;
use tidegate_plugin_http::Http;
use tidegate_plugin_kit::{Batch, Fetch, HttpRequest, Item, Job, Page, Plugin as _, Step, Watermark};

use super::server::Server;

pub(crate) struct Host {
    overrides: String,
    pub(crate) max_pages: u32,
    cap: u32,
    pub(crate) stored: BTreeSet<String>,
    watermark: Option<Watermark>,
    succeeded: bool,
    horizon: Option<String>,
    /// What the last run warned of, or why it failed.
    pub(crate) last: String,
}

/// What a run did.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) requests: usize,
    pub(crate) new: u32,
    over: u32,
}

impl Host {
    pub(crate) fn new(overrides: &Value, max_pages: u32, cap: u32) -> Self {
        Self {
            overrides: overrides.to_string(),
            max_pages,
            cap,
            stored: BTreeSet::new(),
            watermark: None,
            succeeded: false,
            horizon: None,
            last: String::new(),
        }
    }

    pub(crate) fn run(&mut self, server: &mut Server) -> Run {
        server.begin_run();
        self.last.clear();
        let job = Job {
            overrides: self.overrides.clone(),
            watermark: self.watermark.clone(),
            max_items: self.cap,
            max_pages: self.max_pages,
            now: server.now(),
            ..Job::new("rest", "https://api.example/items")
        };
        let mut run = Run::default();
        let mut proposed = None;
        let mut oldest: Option<String> = None;
        let mut step = Some(Http::plan(&job).unwrap());
        let mut unread = false;
        while let Some(asked) = step.take() {
            let Fetch::Http(request) = &asked.fetch else { panic!("{asked:?}") };
            assert!(asked.state.as_ref().is_none_or(|state| state.len() <= 64 * 1_024));
            run.requests += 1;
            let batch = match Self::fetch(&job, server, &asked, request) {
                Ok(batch) => batch,
                Err(why) => return self.failed(run, &why),
            };
            self.store(&batch, &mut run, &mut oldest);
            if let Some(trouble) = &batch.trouble {
                return self.failed(run, &trouble.message);
            }
            proposed = batch.watermark.or(proposed);
            self.last.extend(batch.warnings.iter().map(|warning| format!("{warning}; ")));
            step = batch.next;
            if step.is_some() && (run.requests >= self.max_pages as usize || run.new >= self.cap) {
                (step, unread) = (None, true);
            }
        }
        let left_behind = run.over > 0 || (unread && self.watermark.is_none() && run.new > 0);
        if !self.succeeded || !left_behind {
            self.watermark = proposed.or(self.watermark.take());
        }
        if !self.succeeded && (run.over > 0 || unread) {
            self.horizon = oldest;
        }
        self.succeeded = true;
        run
    }

    /// Asks for a page, and once more where that may help. What no page is told by stays here, unless the plugin wants it.
    fn fetch(job: &Job, server: &mut Server, asked: &Step, request: &HttpRequest) -> Result<Batch, String> {
        let mut why = String::new();
        for last in [false, true] {
            let response = server.answer(request);
            let status = response.status;
            assert!(request.pass_statuses.len() <= 16);
            if matches!(status, 407 | 408 | 425 | 429 | 500..) && !request.pass_statuses.contains(&status) {
                why = status.to_string();
                continue;
            }
            let extra = last.then(|| r#"{"last-try":true}"#.to_owned());
            match Http::normalize(job, &Page { extra, ..Page::http(asked.state.clone(), response) }) {
                Ok(batch) => return Ok(batch),
                Err(failure) => why = failure.message,
            }
        }
        Err(why)
    }

    fn failed(&mut self, run: Run, why: &str) -> Run {
        why.clone_into(&mut self.last);
        run
    }

    /// Newest first, as every item is dated, up to the cap.
    fn store(&mut self, batch: &Batch, run: &mut Run, oldest: &mut Option<String>) {
        let mut items: Vec<&Item> = batch.items.iter().collect();
        items.sort_by(|one, other| other.published_at.cmp(&one.published_at));
        for item in items {
            let before = self.horizon.as_ref().is_some_and(|horizon| item.published_at.as_ref() < Some(horizon));
            if self.stored.contains(&item.external_id) || before {
                continue;
            }
            if run.new >= self.cap {
                run.over += 1;
                continue;
            }
            run.new += 1;
            self.stored.insert(item.external_id.clone());
            if oldest.as_ref().is_none_or(|oldest| item.published_at.as_ref() < Some(oldest)) {
                oldest.clone_from(&item.published_at);
            }
        }
    }
}

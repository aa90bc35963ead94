//! From plain data to what track 0.1 is given. Lends; nothing is copied but the lists of small records.

use tidegate_core::contract as core;

use super::wit_deliveries::Delivery;
use super::{wit, wit::HeaderParam};

fn watermark(mark: &core::Watermark) -> wit::WatermarkParam<'_> {
    wit::WatermarkParam {
        newest_id: mark.newest_id.as_deref(),
        newest_published_at: mark.newest_published_at.as_deref(),
        cursor: mark.cursor.as_deref(),
    }
}

pub(super) fn job(job: &core::Job) -> wit::Job<'_> {
    wit::Job {
        kind: &job.kind,
        identifier: &job.identifier,
        overrides: &job.overrides,
        watermark: job.watermark.as_ref().map(watermark),
        max_items: job.max_items,
        max_pages: job.max_pages,
        now: &job.now,
        actor: job.actor.as_deref(),
        platform_id: job.platform_id.as_deref(),
        extra: job.extra.as_deref(),
    }
}

pub(super) fn headers(headers: &[core::Header]) -> Vec<HeaderParam<'_>> {
    headers.iter().map(|header| HeaderParam { name: &header.name, value: &header.value }).collect()
}

fn body(body: &core::Body) -> wit::BodyParam<'_> {
    match body {
        core::Body::Text(text) => wit::BodyParam::Text(text),
        core::Body::Bytes(bytes) => wit::BodyParam::Bytes(bytes),
    }
}

/// The lists of a page, in the shape the track wants them.
#[derive(Default)]
pub(super) struct PageLists<'a> {
    redirects: Vec<wit::Redirect<'a>>,
    headers: Vec<HeaderParam<'a>>,
    elements: Vec<&'a str>,
}

impl<'a> PageLists<'a> {
    pub(super) fn of(page: &'a core::Page) -> Self {
        match &page.content {
            core::PageContent::Http(answer) => Self {
                redirects: answer.redirects.iter().map(|r| wit::Redirect { status: r.status, url: &r.url }).collect(),
                headers: headers(&answer.headers),
                elements: Vec::new(),
            },
            core::PageContent::Dataset(dataset) => {
                Self { elements: dataset.elements.iter().map(String::as_str).collect(), ..Self::default() }
            }
            core::PageContent::Other(_) => Self::default(),
        }
    }

    pub(super) fn page(&'a self, page: &'a core::Page) -> wit::Page<'a> {
        let content = match &page.content {
            core::PageContent::Http(answer) => wit::PageContent::Http(wit::HttpResponse {
                status: answer.status,
                final_url: &answer.final_url,
                redirects: &self.redirects,
                headers: &self.headers,
                body: body(&answer.body),
                extra: answer.extra.as_deref(),
            }),
            core::PageContent::Dataset(dataset) => wit::PageContent::Dataset(wit::DatasetPage {
                elements: &self.elements,
                offset: dataset.offset,
                more: dataset.more,
                ended: ended(dataset.ended),
                extra: dataset.extra.as_deref(),
            }),
            core::PageContent::Other(text) => wit::PageContent::Other(text),
        };
        wit::Page { state: page.state.as_deref(), content, number: page.number, extra: page.extra.as_deref() }
    }
}

const fn ended(ended: core::ActorEnd) -> wit::ActorEnd {
    match ended {
        core::ActorEnd::Succeeded => wit::ActorEnd::Succeeded,
        core::ActorEnd::Failed => wit::ActorEnd::Failed,
        core::ActorEnd::TimedOut => wit::ActorEnd::TimedOut,
        core::ActorEnd::Aborted => wit::ActorEnd::Aborted,
        core::ActorEnd::Running => wit::ActorEnd::Running,
        core::ActorEnd::Other => wit::ActorEnd::Other,
    }
}

pub(super) fn delivery<'a>(
    delivery: &'a core::Delivery,
    query: &'a [HeaderParam<'a>],
    headers: &'a [HeaderParam<'a>],
) -> Delivery<'a> {
    Delivery {
        method: &delivery.method,
        query,
        headers,
        body: body(&delivery.body),
        received_at: &delivery.received_at,
        extra: delivery.extra.as_deref(),
    }
}

//! How much crosses the border in a call, in bytes of text.
//!
//! Owns: what is counted of jobs, pages and answers: texts and bodies, not the records around them. Must not know: what they
//! mean. Called by [`super::plugin`] for its counters; no limit hangs on it (`call` keeps those by the bytes really copied).

use tidegate_core::contract::{Batch, Body, Delivery, Fetch, Header, Item, Job, Page, PageContent, Step};

fn text(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

fn headers(headers: &[Header]) -> usize {
    headers.iter().map(|header| header.name.len() + header.value.len()).sum()
}

/// Of a job.
pub(super) fn job(job: &Job) -> usize {
    let watermark = job.watermark.as_ref().map_or(0, |mark| {
        text(mark.newest_id.as_ref()) + text(mark.newest_published_at.as_ref()) + text(mark.cursor.as_ref())
    });
    job.identifier.len() + job.overrides.len() + watermark + text(job.extra.as_ref())
}

/// Of a page.
pub(super) fn page(page: &Page) -> usize {
    let content = match &page.content {
        PageContent::Http(answer) => answer.body.as_bytes().len() + headers(&answer.headers) + answer.final_url.len(),
        PageContent::Dataset(dataset) => dataset.elements.iter().map(String::len).sum(),
        PageContent::Other(other) => other.len(),
    };
    content + text(page.state.as_ref())
}

/// Of a webhook delivery.
pub(super) fn delivery(delivery: &Delivery) -> usize {
    delivery.body.as_bytes().len() + headers(&delivery.headers) + headers(&delivery.query)
}

/// Of a step.
pub(super) fn step(step: &Step) -> usize {
    let fetch = match &step.fetch {
        Fetch::Http(request) => {
            request.url.len()
                + headers(&request.headers)
                + request.body.as_ref().map_or(0, |body: &Body| body.as_bytes().len())
        }
        Fetch::Actor(run) => run.input.len(),
        Fetch::Nothing => 0,
        Fetch::Other(other) => other.len(),
    };
    fetch + text(step.state.as_ref())
}

/// Of a batch.
pub(super) fn batch(batch: &Batch) -> usize {
    let items: usize = batch.items.iter().map(item).sum();
    items + text(batch.state.as_ref()) + batch.next.as_ref().map_or(0, step)
}

fn item(item: &Item) -> usize {
    let texts = [&item.url, &item.title, &item.text, &item.html, &item.summary, &item.data, &item.extra];
    let media: usize = item.media.iter().map(|media| media.url.len() + text(media.alt.as_ref())).sum();
    let tags: usize = item.tags.iter().map(String::len).sum();
    item.external_id.len() + texts.into_iter().map(|one| text(one.as_ref())).sum::<usize>() + media + tags
}

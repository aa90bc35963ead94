//! A page as it is kept, and as it is given to a plugin once more.
//!
//! Owns: what is kept of a page, with all that `normalize` was given: the answer, the state of the step, the job. Must not know:
//! how a store keeps it, or for how long. Called by `work` (which keeps) and by `dead_letters` and `replay` (which read).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidegate_core::contract::{ActorEnd, Body, DatasetPage, Header, HttpResponse, Job, Page, PageContent, Redirect};
use tidegate_core::id::{PageId, RunId};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;

use crate::ports::RawPage;

/// What stands beside the body of a kept page.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Meta {
    /// Of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<Header>>,
    /// Of a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirects: Option<Vec<Redirect>>,
    /// Whether the body of a response was text in Unicode when the plugin got it.
    #[serde(default, skip_serializing_if = "is_false")]
    text: bool,
    /// Of a dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
    /// Of a dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<bool>,
    /// Of a dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<ActorEnd>,
    /// Of a dataset: whether the body is a list of texts, because an element is no JSON.
    #[serde(default, skip_serializing_if = "is_false")]
    texts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<String>,
    /// Of the page itself, not of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_extra: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// What the plugin was asked. Versions before 0.2 did not keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Job>,
}
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A kept page, read.
pub(super) struct Kept {
    /// As the plugin got it.
    pub(super) page: Page,
    /// What it was asked with it. `None`: it was kept by a version that did not keep that.
    pub(super) job: Option<Job>,
}

/// The status of the response a page is, if it is one.
pub(super) const fn status(page: &Page) -> Option<u16> {
    match &page.content {
        PageContent::Http(response) => Some(response.status),
        PageContent::Dataset(_) | PageContent::Other(_) => None,
    }
}

/// The page as it is kept, if there is something to keep. `at`: when it came, and until when it is kept.
pub(super) fn raw(id: PageId, page: &Page, job: &Job, run: RunId, at: (UtcMillis, UtcMillis)) -> Option<RawPage> {
    let (state, page_extra) = (page.state.clone(), page.extra.clone());
    let beside = Meta { state, page_extra, job: Some(job.clone()), ..Meta::default() };
    let (status, url, meta, body) = match &page.content {
        // A 304 says that there is nothing.
        PageContent::Http(response) if response.status == 304 => return None,
        PageContent::Http(response) => {
            let meta = Meta {
                headers: Some(response.headers.clone()),
                redirects: Some(response.redirects.clone()),
                text: matches!(response.body, Body::Text(_)),
                extra: response.extra.clone(),
                ..beside
            };
            (response.status, response.final_url.clone(), meta, response.body.as_bytes().to_vec())
        }
        PageContent::Dataset(dataset) => {
            let (texts, body) = elements(&dataset.elements);
            let meta = Meta {
                offset: Some(dataset.offset),
                more: Some(dataset.more),
                ended: Some(dataset.ended),
                texts,
                extra: dataset.extra.clone(),
                ..beside
            };
            (200, format!("dataset:{run}"), meta, body.into_bytes())
        }
        PageContent::Other(_) => return None,
    };
    // Level 1: a feed shrinks to a third at 400 MB/s; higher levels save little more on text of this size.
    let compressed = zstd::bulk::compress(&body, 1).ok()?;
    let (fetched_at, keep_until) = at;
    Some(RawPage {
        id,
        number: page.number,
        status,
        url,
        meta: serde_json::to_string(&meta).ok()?,
        body: compressed,
        body_bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
        fetched_at,
        keep_until,
        left_out: Vec::new(),
    })
}

/// The elements of a dataset as one JSON array, as the platform gave them; as texts, if one of them is no JSON.
fn elements(elements: &[String]) -> (bool, String) {
    let is_json = |element: &String| serde_json::from_str::<&RawValue>(element).is_ok();
    if elements.iter().all(is_json) {
        return (false, format!("[{}]", elements.join(",")));
    }
    (true, serde_json::to_string(elements).unwrap_or_default())
}

/// The page as the plugin got it. The error says why it cannot be read.
pub(super) fn restore(raw: &RawPage) -> Result<Kept, String> {
    // As texts, elements take more room than as what they are.
    let most = 2 * limits::BODY_BYTES_MOST.max(limits::ACTOR_PAGE_BYTES);
    let size = usize::try_from(raw.body_bytes).ok().filter(|size| *size <= most);
    let size = size.ok_or_else(|| format!("{} bytes are more than any page has", raw.body_bytes))?;
    let body = zstd::bulk::decompress(&raw.body, size).map_err(|error| error.to_string())?;
    let meta: Meta = serde_json::from_str(&raw.meta).map_err(|error| error.to_string())?;
    let content = match (meta.headers, meta.ended) {
        (Some(headers), None) => PageContent::Http(HttpResponse {
            status: raw.status,
            final_url: raw.url.clone(),
            redirects: meta.redirects.unwrap_or_default(),
            headers,
            body: if meta.text {
                Body::Text(String::from_utf8(body).map_err(|error| error.to_string())?)
            } else {
                Body::Bytes(body)
            },
            extra: meta.extra,
        }),
        (None, Some(ended)) => PageContent::Dataset(DatasetPage {
            elements: if meta.texts {
                serde_json::from_slice(&body).map_err(|error| error.to_string())?
            } else {
                let elements: Vec<&RawValue> = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
                elements.into_iter().map(|element| element.get().to_owned()).collect()
            },
            offset: meta.offset.unwrap_or(0),
            more: meta.more.unwrap_or(false),
            ended,
            extra: meta.extra,
        }),
        _ => return Err("it is neither a response nor a dataset".to_owned()),
    };
    let page = Page { state: meta.state, content, number: raw.number, extra: meta.page_extra };
    Ok(Kept { page, job: meta.job })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn job() -> Job {
        Job {
            kind: "feed".to_owned(),
            identifier: "a".to_owned(),
            overrides: "{}".to_owned(),
            watermark: None,
            max_items: 7,
            max_pages: 3,
            now: "2026-01-01T00:00:00Z".to_owned(),
            actor: None,
            platform_id: Some("1".to_owned()),
            extra: None,
        }
    }

    fn through(content: PageContent) -> Option<Kept> {
        let extra = Some("{\"last-try\":true}".to_owned());
        let page = Page { state: Some("s".to_owned()), content, number: 4, extra };
        let at = (UtcMillis::from_millis(1), UtcMillis::from_millis(2));
        let raw = raw(PageId::from_bits(1), &page, &job(), RunId::from_bits(2), at)?;
        let kept = restore(&raw).unwrap();
        assert_eq!((&kept.page, kept.job.as_ref()), (&page, Some(&job())), "the same as it was");
        Some(kept)
    }

    fn response(status: u16, body: Body) -> PageContent {
        PageContent::Http(HttpResponse {
            status,
            final_url: "https://a.example/".to_owned(),
            redirects: vec![Redirect { status: 301, url: "https://a.example/".to_owned() }],
            headers: vec![Header { name: "etag".to_owned(), value: "\"1\"".to_owned() }],
            body,
            extra: None,
        })
    }

    #[test]
    fn a_page_is_given_again_as_it_was() {
        for body in [Body::Bytes(vec![0, 0xff]), Body::Text("ü".to_owned()), Body::Bytes(vec![])] {
            assert!(through(response(200, body)).is_some());
        }
        for elements in [vec![], vec!["{\"a\": 1.10}", "null"], vec!["{", "\"\\ud800\"", "{}"]] {
            let elements = elements.into_iter().map(str::to_owned).collect();
            let dataset = DatasetPage { elements, offset: 3, more: true, ended: ActorEnd::TimedOut, extra: None };
            assert!(through(PageContent::Dataset(dataset)).is_some());
        }
        assert!(through(response(304, Body::Bytes(vec![]))).is_none());
    }

    #[test]
    fn what_an_older_version_kept_is_read_without_its_job() {
        let body = zstd::bulk::compress(b"x", 1).unwrap();
        let raw = RawPage {
            id: PageId::from_bits(1),
            number: 0,
            status: 200,
            url: "https://a.example/".to_owned(),
            meta: r#"{"headers": [], "redirects": [], "state": null, "text": true}"#.to_owned(),
            body,
            body_bytes: 1,
            fetched_at: UtcMillis::from_millis(1),
            keep_until: UtcMillis::from_millis(2),
            left_out: vec![],
        };
        let kept = restore(&raw).unwrap();
        assert!(kept.job.is_none());
        assert_eq!(
            restore(&RawPage { body_bytes: u64::MAX, ..raw }).err().unwrap(),
            "18446744073709551615 bytes are more than any page has"
        );
    }
}

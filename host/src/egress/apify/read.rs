//! A page of a dataset.
//!
//! Owns: the request, and reading the body only as far as the page needs. Must not know: what elements say. Called through
//! the port. The connection of a page that is full before the body ends is given up: an answer has no maximum size.

use http::header;
use tidegate_core::actor::{Element, RemoteId, Slice};
use tidegate_core::failure::{Class, Failure};
use tidegate_core::fetch::Target;
use tidegate_core::limits;
use tokio::time::{Instant, timeout};

use super::super::body;
use super::super::decode::DecodeError;
use super::super::error::{FetchError, Measure, Phase};
use super::super::failed::cut;
use super::super::scrub::Scrub;
use super::super::secret::Credential;
use super::Inner;
use super::ask::{Answer, Ask, ReadError, Reader};
use super::credential::Held;
use super::elements::{NotElements, PageLimits, Splitter};
use super::trouble::Unread;

impl Inner {
    pub(super) async fn read(
        &self,
        held: &Held,
        dataset: &RemoteId,
        offset: u32,
        end: Instant,
    ) -> Result<Slice, Failure> {
        let words = format!("reading dataset {dataset} from element {offset}");
        let ask = Ask::get(words, format!("/v2/datasets/{dataset}/items")).with("offset", &offset);
        let ask = ask.with("limit", &limits::PAGE_ELEMENTS).with("format", "json");
        let read = self.ask_freely(held, &ask, &Elements(PageLimits::default()), end).await;
        read.map(|slice| without(slice, &held.secrets)).map_err(|failure| match failure.class {
            // The platform's copies lag, and a dataset that is gone says nothing of the source.
            Class::NotFound => Failure { class: Class::Transient, ..failure },
            _ => failure,
        })
    }
}

/// Without the token, which an actor may know and write down. Plugins see elements, pages and items keep them.
fn without(mut slice: Slice, secrets: &[Credential]) -> Slice {
    let scrub = Scrub::of(secrets);
    for element in &mut slice.elements {
        if let Element::Text(text) = element {
            scrub.text(text);
        }
    }
    slice
}

/// Reads elements up to these limits.
struct Elements(PageLimits);

impl Reader for Elements {
    type Out = Slice;

    async fn read(&self, answer: Answer) -> Result<Slice, ReadError> {
        let Answer { headers, mut response, target, idle } = answer;
        let fetch = |error| ReadError::Fetch(error);
        let most = limits::ACTOR_PAGE_BYTES;
        let decoder = body::decoder(&headers, most, None);
        let mut decoder = decoder.map_err(|e| fetch(body::explain(e, 0, target.place())))?;
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut splitter = Splitter::new(self.0, may_be_lines(content_type));
        let mut pieces = 0_usize;
        loop {
            let next = timeout(idle, response.chunk()).await;
            let late = |_| FetchError::Timeout { at: target.place(), phase: Phase::Body, after: idle };
            let next = next.map_err(|elapsed| fetch(late(elapsed)))?;
            let broken = |e| FetchError::Cut { at: target.place(), received: decoder.wire(), why: cut(&e) };
            let Some(piece) = next.map_err(|e| fetch(broken(e)))? else { break };
            pieces += 1;
            let pushed = decoder.push(&piece);
            let wire = decoder.wire();
            let full = splitter.push(&decoder.drain()).map_err(no_elements)?;
            if full {
                return Ok(Slice { elements: splitter.finish().map_err(no_elements)?, bytes: wire as u64 });
            }
            match pushed {
                Ok(()) if pieces < limits::BODY_PIECES => {}
                // As much as is read for one page; the next page begins where this one ends.
                Ok(()) | Err(DecodeError::TooLarge { what: Measure::Body | Measure::Wire, .. }) => {
                    return stopped(splitter, wire, &target);
                }
                Err(error) => return Err(fetch(body::explain(error, wire, target.place()))),
            }
        }
        let wire = decoder.wire();
        let rest = decoder.finish().map_err(|e| fetch(body::explain(e, wire, target.place())))?;
        splitter.push(&rest).map_err(no_elements)?;
        Ok(Slice { elements: splitter.finish().map_err(no_elements)?, bytes: wire as u64 })
    }
}

fn stopped(splitter: Splitter, wire: usize, target: &Target) -> Result<Slice, ReadError> {
    let elements = splitter.stop();
    if elements.is_empty() {
        // White space without end, for example. An empty page would say that the dataset ends here.
        let (what, limit) = (Measure::Body, limits::ACTOR_PAGE_BYTES);
        return Err(ReadError::Fetch(FetchError::TooLarge { at: target.place(), what, limit }));
    }
    Ok(Slice { elements, bytes: wire as u64 })
}

/// Whether the body may be JSON lines: not if it says that it is one JSON text.
fn may_be_lines(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    !essence.eq_ignore_ascii_case("application/json")
}

fn no_elements(why: NotElements) -> ReadError {
    let cut = matches!(why, NotElements::Cut(_));
    ReadError::Unread(Unread { why: why.to_string(), cut, again: cut })
}

//! What to fetch: the feed, its next page, the feed a page names. And where the feed has moved to.
//!
//! Owns: requests and the URLs a run goes through. Called by `plan` and [`crate::answer`].

use tidegate_plugin_kit::{HttpRequest, HttpResponse, Job, Step, links};

use crate::conditional::Validators;
use crate::identifier;
use crate::model::Feed;
use crate::overrides::Overrides;
use crate::state::{Mark, State};

/// Feeds first, pages too: a page may name a feed.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
                      application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, text/html;q=0.5, */*;q=0.1";

/// The first step of a run.
pub fn first(job: &Job) -> Step {
    step(job.identifier.clone(), State::default(), Validators::of_job(job).as_ref())
}

fn step(url: String, mut state: State, validators: Option<&Validators>) -> Step {
    let mut request = HttpRequest::get(url.clone()).header("accept", ACCEPT);
    state.conditional = validators.is_some_and(|validators| validators.apply(&mut request));
    state.asked.push(url);
    Step::http(request, state.write())
}

/// The step to a feed that a page names. The validators of an earlier run are of that feed.
pub fn follow_discovered(job: &Job, state: &State, url: &str) -> Option<Step> {
    let url = identifier::for_request(url).filter(|url| !state.asked.contains(url))?;
    let state = State { discovered: true, ..state.clone() };
    let validators = Validators::of_job(job).filter(|validators| validators.url == url);
    Some(step(url, state, validators.as_ref()))
}

/// The next page of a feed (RFC 5005 `rel="next"`, JSON Feed's `next_url`, a `Link` field).
pub fn next_of(feed: &Feed, response: &HttpResponse) -> Option<String> {
    let named = feed.about.links.iter().filter(|link| link.rel == "next").find_map(|link| link.href.clone());
    let fields = links::of(&response.headers, &response.final_url);
    named.or_else(|| links::target(&fields, "next", &response.final_url).map(str::to_owned))
}

/// The step to the next page, if the source wants so many and it has not been asked for yet.
pub fn follow(overrides: &Overrides, state: &State, next: Option<&str>, mark: Option<&Mark>) -> Option<Step> {
    let url = identifier::for_request(next?).filter(|url| !state.asked.contains(url))?;
    let pages_read = state.pages_read + 1;
    (pages_read < overrides.max_pages)
        .then(|| step(url, State { pages_read, mark: mark.cloned(), ..state.clone() }, None))
}

/// Where the feed is now found for good: what it says itself, else as far as every redirect was permanent, else the feed
/// that a page named.
pub fn moved_to(job: &Job, state: &State, response: &HttpResponse, says: Option<&str>) -> Option<String> {
    if state.pages_read > 0 {
        return None;
    }
    let permanent =
        response.redirects.iter().take_while(|hop| matches!(hop.status, 301 | 308)).last().map(|hop| hop.url.as_str());
    let asked = state.asked.last().filter(|_| state.discovered).map(String::as_str);
    let candidates = [says, permanent, asked].into_iter().flatten();
    let mut normal = candidates.filter_map(identifier::for_request).filter_map(|url| identifier::normalize(&url).ok());
    normal.next().filter(|url| *url != job.identifier)
}

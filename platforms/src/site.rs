//! A site of well-behaved HTTP: its routes, and the answer to a request.
//!
//! Owns: routes, tempers (late, failing, busy), conditional answers. Must not know: sockets and what feeds say. Called by
//! the server for each request. A route's answer costs no more than a few reference counts where its bytes are ready.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;

use crate::books::{Counters, Tally};
use crate::demo::Growing;
use crate::load::Ready;
use crate::script::Listing;
use crate::time::Time;
use crate::validators::{self, Validators, http_date};

/// Which listener an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harbour {
    Main,
    /// A port of its own, for what would close the gate of its host.
    Apart,
}

/// One path.
pub(crate) struct Route {
    pub(crate) temper: Temper,
    pub(crate) serves: Serves,
}

/// What a path does before it serves.
pub(crate) enum Temper {
    Prompt,
    Slow(Duration),
    /// 503 for so many requests.
    FailsFirst(u64),
    /// 429 for one request in so many.
    Busy {
        one_in: u64,
        retry_after: Duration,
    },
}

/// What a path serves.
pub(crate) enum Serves {
    Growing(Growing),
    Ready(Ready),
    Moved { to: String },
    Page { html: String },
    Gone,
}

impl Route {
    pub(crate) fn prompt(serves: Serves) -> Self {
        Self { temper: Temper::Prompt, serves }
    }
}

/// All paths of a script.
#[derive(Default)]
pub(crate) struct Site {
    routes: HashMap<String, Route>,
    listed: Vec<(Listing, Harbour)>,
}

/// What an answer depends on besides the request.
pub(crate) struct Moment<'a> {
    pub(crate) time: &'a Time,
    /// Whether validators are sent and looked at.
    pub(crate) validators: bool,
    /// The server's own address, for self links.
    pub(crate) base: &'a str,
    /// What every answer waits for.
    pub(crate) pause: Duration,
}

impl Site {
    pub(crate) fn add(&mut self, path: impl Into<String>, route: Route) {
        self.routes.insert(path.into(), route);
    }

    pub(crate) fn list(&mut self, listing: Listing, harbour: Harbour) {
        self.listed.push((listing, harbour));
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.routes.keys().cloned().collect()
    }

    pub(crate) fn listings(&self, main: &str, apart: &str) -> Vec<Listing> {
        let addressed = self.listed.iter().map(|(listing, harbour)| {
            let base = if *harbour == Harbour::Main { main } else { apart };
            Listing { url: format!("{base}{}", listing.path), ..listing.clone() }
        });
        addressed.collect()
    }

    /// The growing feed at a path.
    pub(crate) fn growing(&self, path: &str) -> Option<&Growing> {
        match &self.routes.get(path)?.serves {
            Serves::Growing(feed) => Some(feed),
            _ => None,
        }
    }

    /// Answers one request and writes it into the books.
    pub(crate) async fn answer<B>(
        &self,
        request: &Request<B>,
        counters: &Counters,
        moment: &Moment<'_>,
    ) -> Response<Full<Bytes>> {
        let _under_way = counters.enter();
        let path = request.uri().path();
        let tally = counters.of(path);
        let number = tally.asked(validators::conditional(request.headers()));
        if !moment.pause.is_zero() {
            tokio::time::sleep(moment.pause).await;
        }
        let response = match self.routes.get(path) {
            None => text(StatusCode::NOT_FOUND, "There is nothing at this address.\n"),
            Some(_) if !matches!(*request.method(), Method::GET | Method::HEAD) => {
                let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Feeds are read, not written.\n");
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            Some(route) => match route.temper.answer(number).await {
                Some(refusal) => refusal,
                None => route.serves.answer(request.headers(), moment),
            },
        };
        book(tally, request.method(), &response);
        response
    }
}

fn book(tally: &Tally, method: &Method, response: &Response<Full<Bytes>>) {
    tally.answered(response.status().as_u16());
    if method != Method::HEAD {
        let size = hyper::body::Body::size_hint(response.body()).exact().unwrap_or(0);
        tally.sent(usize::try_from(size).unwrap_or(usize::MAX));
    }
}

impl Temper {
    /// Waits where the path is slow; an answer where it refuses request `number`.
    async fn answer(&self, number: u64) -> Option<Response<Full<Bytes>>> {
        match self {
            Self::Prompt => None,
            Self::Slow(by) => {
                tokio::time::sleep(*by).await;
                None
            }
            Self::FailsFirst(requests) => (number <= *requests)
                .then(|| text(StatusCode::SERVICE_UNAVAILABLE, "The line to the lighthouse is down.\n")),
            Self::Busy { one_in, retry_after } => (number - 1).is_multiple_of((*one_in).max(1)).then(|| {
                let mut response = text(StatusCode::TOO_MANY_REQUESTS, "One at a time, please.\n");
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after.as_secs()));
                response
            }),
        }
    }
}

impl Serves {
    fn answer(&self, request: &HeaderMap, moment: &Moment<'_>) -> Response<Full<Bytes>> {
        match self {
            Self::Growing(feed) => growing(feed, request, moment),
            Self::Ready(ready) => ready.answer(request, moment.validators),
            Self::Moved { to } => {
                let mut response = text(StatusCode::MOVED_PERMANENTLY, "It has moved.\n");
                put(response.headers_mut(), header::LOCATION, to);
                response
            }
            Self::Page { html } => typed("text/html; charset=utf-8", Bytes::from(html.clone())),
            Self::Gone => text(StatusCode::GONE, "It has closed for good. Thank you for all the fish.\n"),
        }
    }
}

/// The feed as it is at this moment, or a 304. A 304 repeats the validators (RFC 9110 section 15.4.5).
fn growing(feed: &Growing, request: &HeaderMap, moment: &Moment<'_>) -> Response<Full<Bytes>> {
    let begun = moment.time.begun();
    let count = feed.count(moment.time.elapsed());
    let etag = feed.etag(count);
    let modified = feed.modified(count, begun);
    let current = Validators { etag: &etag, modified };
    let mut response = if moment.validators && validators::current(request, &current) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        typed(feed.format().media_type(), Bytes::from(feed.document(count, begun, moment.base)))
    };
    if moment.validators {
        put(response.headers_mut(), header::ETAG, &etag);
        put(response.headers_mut(), header::LAST_MODIFIED, &http_date(modified));
    }
    response
}

fn typed(media_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = typed("text/plain; charset=utf-8", Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    response
}

pub(crate) fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// Our own values are visible ASCII; one that is not is left out rather than sent broken.
pub(crate) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

//! A request and the redirects it goes through.
//!
//! Owns: what is sent at each hop: method, fields, body, credentials. Must not know: connections. Called by the fetch.
//!
//! What a plugin planned is checked again here, although the plan was clamped: this is the last place before the wire.

use std::fmt;

use bytes::Bytes;
use http::Method;
use http::header::{self, HeaderName, HeaderValue};
use reqwest::Request;
use tidegate_core::contract::{Body, BodyForm, Header, HttpRequest, Redirect};
use tidegate_core::fetch::redirect::{Follow, field_survives};
use tidegate_core::fetch::{HIDDEN, Place, Target};
use tidegate_core::limits;
use tidegate_core::plan::NOT_WITH_CREDENTIAL;

use super::error::FetchError;
use super::scrub::Scrub;
use super::secret::{Carrier, Credential, without_parameters};
use super::text::OddValues;

/// What is sent of our own accord in every request.
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("gzip, br, zstd, deflate");
/// A range counts bytes of the body as sent, so no coding may change them.
const NO_CODING: HeaderValue = HeaderValue::from_static("identity");

/// A request on its way.
pub(super) struct Chain {
    /// Where the next hop goes.
    pub(super) target: Target,
    method: Method,
    fields: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    user_agent: HeaderValue,
    credentials: Vec<Credential>,
    /// How the answer is to be handed over.
    pub(super) want: BodyForm,
    /// Statuses the plugin wants to see although the host would act on them.
    pub(super) pass_statuses: Vec<u16>,
    /// Whether a redirect has left the first origin; it never counts as returned to.
    crossed: bool,
    redirects: Vec<Redirect>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({} {})", self.method, self.target.place())
    }
}

impl Chain {
    /// Checks a planned request.
    ///
    /// # Errors
    /// `Url`, `Request` or `BadHeader`.
    pub(super) fn new(
        request: HttpRequest,
        credentials: Vec<Credential>,
        contact: Option<&str>,
        odd: &OddValues,
    ) -> Result<Self, FetchError> {
        let at = || Place::of_text(&request.url);
        let named = Target::parse(&request.url).map_err(|why| FetchError::Url { at: at(), why })?;
        let target = without_parameters_of(&named, &credentials)?;
        let method = match request.method.as_str() {
            "GET" => Method::GET,
            "HEAD" => Method::HEAD,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            _ => {
                return Err(FetchError::Request {
                    at: at(),
                    what: "method is not one of GET, HEAD, POST, PUT, PATCH".to_owned(),
                });
            }
        };
        let body = match request.body {
            Some(Body::Text(text)) => Bytes::from(text),
            Some(Body::Bytes(bytes)) => Bytes::from(bytes),
            None => Bytes::new(),
        };
        if body.len() > limits::REQUEST_BODY_BYTES {
            let what = format!("body has {} bytes; at most {} are sent", body.len(), limits::REQUEST_BODY_BYTES);
            return Err(FetchError::Request { at: target.place(), what });
        }
        let fields = fields(&request.headers, &credentials, &target, odd)?;
        let user_agent = user_agent(contact);
        Ok(Self {
            target,
            method,
            fields,
            body,
            user_agent,
            credentials,
            want: request.want,
            pass_statuses: request.pass_statuses,
            crossed: false,
            redirects: Vec::new(),
        })
    }

    /// The method of the next hop.
    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Redirects followed so far.
    pub(super) fn followed(&self) -> usize {
        self.redirects.len()
    }

    /// The credentials of the whole request, to be hidden in what is quoted.
    pub(super) fn credentials(&self) -> &[Credential] {
        &self.credentials
    }

    /// The credentials that go along with the next hop: those of its origin, as long as no redirect has led elsewhere.
    fn attached(&self) -> impl Iterator<Item = &Credential> {
        let origin = (!self.crossed).then(|| self.target.origin());
        self.credentials.iter().filter(move |credential| origin.as_ref() == Some(&credential.origin))
    }

    /// Whether the next hop carries a credential.
    pub(super) fn carries_credential(&self) -> bool {
        self.attached().next().is_some()
    }

    /// The next hop as it is sent.
    ///
    /// # Errors
    /// `BadHeader` for a credential with a line break.
    pub(super) fn request(&self) -> Result<Request, FetchError> {
        let mut request = Request::new(self.method.clone(), self.target.url().clone());
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.clone().into());
        }
        let headers = request.headers_mut();
        headers.reserve(self.fields.len() + 4);
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        for (name, value) in &self.fields {
            headers.append(name.clone(), value.clone());
        }
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let coding = if headers.contains_key(header::RANGE) { NO_CODING } else { ACCEPT_ENCODING };
        headers.insert(header::ACCEPT_ENCODING, coding);
        let mut url = self.target.url().clone();
        for credential in self.attached() {
            match &credential.carrier {
                Carrier::Header(name) => {
                    let value = credential.value.header_value().ok_or_else(|| FetchError::BadHeader {
                        at: self.target.place(),
                        name: name.to_string(),
                        why: "takes a credential that holds a line break or another control character",
                    })?;
                    headers.insert(name.clone(), value);
                }
                Carrier::Query(name) => {
                    let own = url.query().filter(|query| !query.is_empty()).map(|query| format!("{query}&"));
                    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
                    url.set_query(Some(&format!(
                        "{}{name}={}",
                        own.unwrap_or_default(),
                        credential.value.as_parameter()
                    )));
                }
            }
        }
        *request.url_mut() = url;
        Ok(request)
    }

    /// Takes a redirect.
    ///
    /// # Errors
    /// `CarriesCredential` if it would tell another origin a credential: in a parameter of another name, in its path, in any spelling.
    pub(super) fn follow(&mut self, status: u16, follow: &Follow) -> Result<(), FetchError> {
        // A server that sends us on repeats the query it got; what it repeats of a credential is not followed.
        let clean = without_parameters(follow.target.url(), &self.credentials);
        let target = Target::from_url(clean).unwrap_or_else(|_| follow.target.clone());
        let origin = target.origin();
        let strange = self.credentials.iter().filter(|credential| credential.origin != origin);
        if Scrub::of(strange).stands_in(target.url().as_str()) {
            return Err(FetchError::CarriesCredential { at: self.target.place() });
        }
        self.fields.retain(|(name, _)| field_survives(name.as_str(), follow));
        if follow.becomes_get {
            self.method = Method::GET;
            self.body = Bytes::new();
        }
        self.crossed |= follow.crosses;
        self.target = target;
        self.redirects.push(Redirect { status, url: self.target.url().as_str().to_owned() });
        Ok(())
    }

    /// The URL that answered and how it was come by.
    pub(super) fn into_trace(self) -> (String, Vec<Redirect>) {
        (self.target.url().as_str().to_owned(), self.redirects)
    }
}

/// Fields that are not a plugin's to set (`wit/v0.1/types.wit`, `http-request.headers`).
const REFUSED: [&str; 14] = [
    "host",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "http2-settings",
    "content-length",
    "accept-encoding",
    "cookie",
    "authorization",
    "user-agent",
];
/// Beginnings of such fields.
const REFUSED_FAMILIES: [&str; 2] = ["proxy-", "x-forwarded-"];

fn is_refused(name: &str) -> bool {
    REFUSED.contains(&name) || REFUSED_FAMILIES.iter().any(|family| name.starts_with(family))
}

/// What a plugin asks for, without parameters that stand for a credential: it names none but as it was given it, hidden.
fn without_parameters_of(named: &Target, credentials: &[Credential]) -> Result<Target, FetchError> {
    for (name, value) in named.url().query_pairs() {
        if value != HIDDEN && credentials.iter().any(|credential| credential.parameter() == Some(&*name)) {
            let name: String = name.chars().take(64).collect();
            let what = format!("query parameter {name:?} is filled with a credential by the profile");
            return Err(FetchError::Request { at: named.place(), what });
        }
    }
    let clean = without_parameters(named.url(), credentials);
    Target::from_url(clean).map_err(|why| FetchError::Url { at: named.place(), why })
}

fn fields(
    planned: &[Header],
    credentials: &[Credential],
    target: &Target,
    odd: &OddValues,
) -> Result<Vec<(HeaderName, HeaderValue)>, FetchError> {
    let refuse = |name: &str, why| {
        let name = name.chars().take(64).collect();
        Err(FetchError::BadHeader { at: target.place(), name, why })
    };
    if planned.len() > limits::REQUEST_HEADERS {
        return refuse(&planned[limits::REQUEST_HEADERS].name, "is one too many; at most 64 are sent");
    }
    let (mut bytes, mut fields) = (0, Vec::with_capacity(planned.len()));
    for Header { name, value } in planned {
        bytes += name.len() + value.len();
        if bytes > limits::REQUEST_HEADER_BYTES {
            return refuse(name, "goes beyond 16 KiB of header");
        }
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            return refuse(name, "has no HTTP token for a name");
        };
        if is_refused(parsed.as_str()) {
            return refuse(name, "is the host's to set");
        }
        if credentials.iter().any(|credential| credential.carrier == Carrier::Header(parsed.clone())) {
            return refuse(name, "is filled with a credential by the profile");
        }
        if !credentials.is_empty() && NOT_WITH_CREDENTIAL.contains(&parsed.as_str()) {
            return refuse(
                name,
                "asks for a part of an answer, or for another method, which is not done with a credential",
            );
        }
        let Some(value) = odd.write(target.host_text(), value) else {
            return refuse(name, "has a value with a line break or another control character");
        };
        fields.push((parsed, value));
    }
    Ok(fields)
}

/// `tidegate/0.1.0`, with the profile's contact where it names one that fits into a comment.
pub(super) fn user_agent(contact: Option<&str>) -> HeaderValue {
    marked_user_agent("", contact)
}

/// The same with `mark` behind the version: "" or a whole comment in parentheses.
pub(super) fn marked_user_agent(mark: &str, contact: Option<&str>) -> HeaderValue {
    const PLAIN: &str = concat!("tidegate/", env!("CARGO_PKG_VERSION"));
    let own = if mark.is_empty() { PLAIN.to_owned() } else { format!("{PLAIN} {mark}") };
    let contact = contact.filter(|text| !text.is_empty() && !text.contains(['(', ')', '\\']));
    let full = contact.and_then(|text| HeaderValue::from_str(&format!("{own} (+{text})")).ok());
    full.or_else(|| HeaderValue::from_str(&own).ok()).unwrap_or(HeaderValue::from_static(PLAIN))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn planned(headers: &[(&str, &str)]) -> HttpRequest {
        let header = |(name, value): &(&str, &str)| Header { name: (*name).to_owned(), value: (*value).to_owned() };
        HttpRequest {
            method: "GET".into(),
            url: "https://a.example/?key=canary".into(),
            headers: headers.iter().map(header).collect(),
            body: None,
            want: BodyForm::Bytes,
            pass_statuses: Vec::new(),
            extra: None,
        }
    }

    fn chain(request: HttpRequest) -> Result<Chain, FetchError> {
        Chain::new(request, Vec::new(), None, &OddValues::new(8))
    }

    #[test]
    fn fields_that_are_refused() {
        for name in REFUSED.iter().copied().chain(["Cookie", "proxy-authorization", "X-Forwarded-For", "a b", "", "ü"])
        {
            let error = chain(planned(&[(name, "x")])).unwrap_err();
            assert!(matches!(error, FetchError::BadHeader { .. }), "{name}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
        assert!(chain(planned(&[("x", "a\r\nb: c")])).is_err());
        assert!(chain(planned(&[("x", "a"); 65])).is_err());
        assert!(chain(planned(&[("x", &"a".repeat(17_000))])).is_err());
        assert!(chain(planned(&[("x", "a"); 64])).is_ok());
    }

    #[test]
    fn methods_and_bodies() {
        for (method, ok) in
            [("GET", true), ("PATCH", true), ("get", false), ("DELETE", false), ("CONNECT", false), ("", false)]
        {
            assert_eq!(chain(HttpRequest { method: method.into(), ..planned(&[]) }).is_ok(), ok, "{method}");
        }
        let large = HttpRequest { body: Some(Body::Bytes(vec![0; limits::REQUEST_BODY_BYTES + 1])), ..planned(&[]) };
        assert!(matches!(chain(large), Err(FetchError::Request { .. })));
    }

    #[test]
    fn the_host_speaks_for_itself() {
        let odd = OddValues::new(8);
        for (contact, want) in [
            (None, "tidegate/0.1.0"),
            (Some("https://ops.example"), "tidegate/0.1.0 (+https://ops.example)"),
            (Some("a\r\nb"), "tidegate/0.1.0"),
            (Some("a)b"), "tidegate/0.1.0"),
        ] {
            let request = Chain::new(planned(&[]), Vec::new(), contact, &odd).unwrap().request().unwrap();
            let want = want.replace("0.1.0", env!("CARGO_PKG_VERSION"));
            assert_eq!(request.headers()["user-agent"], want);
        }
        let ranged = chain(planned(&[("range", "bytes=0-9")])).unwrap().request().unwrap();
        assert_eq!(ranged.headers()["accept-encoding"], "identity");
    }
}

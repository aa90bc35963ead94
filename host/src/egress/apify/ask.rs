//! One question to the platform, repeated where that is safe.
//!
//! Owns: what is sent, redirects, the token's way, the loop of attempts and its time. Must not know: what an answer means
//! (a [`Reader`] does), or actor runs. Called by the files for each sort of question.
//!
//! The token goes to the origin of its credential and nowhere else: a redirect that leaves it is not followed at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use reqwest::{Request, Response};
use tidegate_core::actor::Asked;
use tidegate_core::failure::{Class, Failure};
use tidegate_core::fetch::redirect::{self, Decision, RedirectRefused};
use tidegate_core::fetch::{Place, Target, http_date, retry_after};
use tidegate_core::limits;
use tokio::time::{Instant, sleep, timeout_at};

use super::super::chain::marked_user_agent;
use super::super::error::FetchError;
use super::super::{body, exchange};
use super::Inner;
use super::credential::Held;
use super::trouble::{Fate, Refusal, Trouble, Unread};
use super::way::{Turn, between_one_and_two};

/// A question.
#[derive(Debug)]
pub(super) struct Ask {
    /// What is attempted and on what, for messages: "reading dataset D".
    pub(super) words: String,
    pub(super) asked: Asked,
    pub(super) method: Method,
    /// Below the origin, with "/v2"; of parts that cannot change a path.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    /// JSON.
    pub(super) body: Option<Bytes>,
    /// A comment for `User-Agent`; "" for none.
    pub(super) mark: String,
}

impl Ask {
    /// A GET.
    pub(super) fn get(words: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            words: words.into(),
            asked: Asked::Other,
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            mark: String::new(),
        }
    }

    /// With one more parameter.
    pub(super) fn with(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.query.push((name, value.to_string()));
        self
    }
}

/// An answer of 200 to 299 of which the body is still to come.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) response: Response,
    pub(super) target: Target,
    /// The longest time without a byte.
    pub(super) idle: Duration,
}

/// Why a body was not read.
pub(super) enum ReadError {
    /// It did not come.
    Fetch(FetchError),
    /// It came and says nothing.
    Unread(Unread),
}

/// Reads the body of a good answer.
pub(super) trait Reader: Sync {
    type Out: Send;

    fn read(&self, answer: Answer) -> impl Future<Output = Result<Self::Out, ReadError>> + Send;
}

/// Reads the body whole, at most [`limits::ACTOR_ANSWER_BYTES`], and hands it to the function.
pub(super) struct Whole<F>(pub(super) F);

impl<T: Send, F: Fn(&[u8]) -> Result<T, Unread> + Sync> Reader for Whole<F> {
    type Out = T;

    async fn read(&self, answer: Answer) -> Result<T, ReadError> {
        let Answer { headers, response, target, idle } = answer;
        let body = body::read(&headers, response, limits::ACTOR_ANSWER_BYTES, idle, &target).await;
        self.0(&body.map_err(ReadError::Fetch)?).map_err(ReadError::Unread)
    }
}

impl Inner {
    /// Asks until there is an answer, the trouble is one that stays, or `end` has come. `again` says which trouble may
    /// be followed by another attempt.
    pub(super) async fn ask<R: Reader>(
        &self,
        held: &Held,
        ask: &Ask,
        reader: &R,
        end: Instant,
        again: fn(&Trouble) -> bool,
    ) -> Result<R::Out, Trouble> {
        // An attempt that could not even connect in the time is not begun: then its end would not tell whether it has left.
        let begun_by = end.checked_sub(self.limits.connect).unwrap_or(end);
        let mut wait = limits::ACTOR_WAIT;
        loop {
            let sent = AtomicBool::new(false);
            let tried = timeout_at(end, Box::pin(self.attempt(held, ask, reader, begun_by, &sent))).await;
            let trouble = match tried {
                Ok(Ok(out)) => return Ok(out),
                Ok(Err(trouble)) => trouble,
                Err(_) => return Err(Trouble::of_end(&ask.words, sent.load(Ordering::Relaxed))),
            };
            // After a 429 the way says when anybody goes on. Others may be answered meanwhile, which ends its slowing down, so
            // that this question's waits have to grow by themselves.
            let pause = between_one_and_two(wait, &*self.dice).max(trouble.failure.retry_after.unwrap_or_default());
            wait = wait.saturating_mul(2).min(limits::ACTOR_WAIT_MOST);
            let in_time = Instant::now() + pause < begun_by;
            if !again(&trouble) || !in_time || held.way.is_resting() {
                return Err(trouble);
            }
            sleep(pause).await;
        }
    }

    /// The same for what may be asked any number of times.
    pub(super) async fn ask_freely<R: Reader>(
        &self,
        held: &Held,
        ask: &Ask,
        reader: &R,
        end: Instant,
    ) -> Result<R::Out, Failure> {
        self.ask(held, ask, reader, end, |trouble| trouble.passes).await.map_err(|trouble| trouble.failure)
    }

    /// One attempt with its redirects.
    async fn attempt<R: Reader>(
        &self,
        held: &Held,
        ask: &Ask,
        reader: &R,
        begun_by: Instant,
        sent: &AtomicBool,
    ) -> Result<R::Out, Trouble> {
        let turn = held.way.enter(begun_by).await.map_err(|why| Trouble::of_wait(&ask.words, held, why))?;
        sent.store(true, Ordering::Relaxed);
        let (target, response) = match self.follow(held, ask).await {
            Ok(answered) => answered,
            Err(error) => return Err(settle(turn, Trouble::of_fetch(&ask.words, held, &error))),
        };
        self.note_time(held, response.headers());
        if !response.status().is_success() {
            return Err(self.refused(held, ask, turn, target, response).await);
        }
        let (headers, idle) = (response.headers().clone(), self.limits.idle);
        match reader.read(Answer { headers, response, target, idle }).await {
            Ok(out) => {
                turn.answered();
                Ok(out)
            }
            Err(ReadError::Fetch(error)) => Err(settle(turn, Trouble::of_fetch(&ask.words, held, &error))),
            Err(ReadError::Unread(unread)) => Err(settle(turn, Trouble::of_answer(&ask.words, &unread))),
        }
    }

    /// Hop by hop to the last answer, within one origin.
    async fn follow(&self, held: &Held, ask: &Ask) -> Result<(Target, Response), FetchError> {
        let text = address(held, ask);
        let refused = |why| FetchError::Url { at: Place::of_text(&text), why };
        let mut target = Target::parse(&text).map_err(refused)?;
        let mut followed = 0;
        loop {
            let grant = &held.grant;
            grant.permits_target(&target).map_err(|reason| FetchError::Denied {
                at: target.place(),
                host: target.host_text().to_owned(),
                address: None,
                reason,
            })?;
            let request = self.request(held, ask, &target)?;
            let answer = exchange::exchange(&self.clients, &self.limits, grant, &target, request).await?;
            let status = answer.status().as_u16();
            let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let decided =
                redirect::decide(&target, status, ask.method.as_str(), location, followed, self.limits.redirects);
            match decided.map_err(|why| no_redirect(&target, why))? {
                // A redirect that would make a GET of a POST, or leads elsewhere: the caller sees its status.
                Decision::Follow(follow) if !follow.crosses && !follow.becomes_get => {
                    target = follow.target;
                    followed += 1;
                }
                Decision::Follow(_) | Decision::HandOver => return Ok((target, answer)),
            }
        }
    }

    /// As it is sent to `target`, which is of the credential's origin.
    fn request(&self, held: &Held, ask: &Ask, target: &Target) -> Result<Request, FetchError> {
        let [as_field, _] = &held.secrets;
        let token = as_field.value.header_value().filter(|_| target.origin() == held.origin);
        let token = token.ok_or_else(|| FetchError::Request {
            at: target.place(),
            what: format!("token cannot be sent: check it in [credentials.{}]", held.name),
        })?;
        let mut request = Request::new(ask.method.clone(), target.url().clone());
        let headers = request.headers_mut();
        headers.insert(header::USER_AGENT, marked_user_agent(&ask.mark, self.contact.as_deref()));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, */*;q=0.1"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        headers.insert(header::AUTHORIZATION, token);
        if let Some(body) = &ask.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }

    /// Reads what a refusal says of itself, and slows everybody down where it asks for that.
    async fn refused(&self, held: &Held, ask: &Ask, turn: Turn, target: Target, answer: Response) -> Trouble {
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let (body, whole) = body::beginning(&headers, answer, self.limits.idle, &target, 32 * limits::KIB).await;
        let refusal = Refusal::read(status, &body, whole, &held.secrets);
        let told = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let told = told.and_then(|text| retry_after(text, self.clock.now()));
        let told = told.map(|wait| wait.min(limits::ACTOR_RETRY_AFTER_MOST));
        let mut trouble = Trouble::of_refusal(&ask.words, ask.asked, &refusal, told);
        match trouble.failure.class {
            Class::RateLimited => trouble.failure.retry_after = Some(turn.slow_down(told, &*self.dice)),
            _ if status >= 500 => turn.failed(),
            _ => turn.answered(),
        }
        trouble
    }

    fn note_time(&self, held: &Held, headers: &HeaderMap) {
        let now = self.clock.now();
        let date = headers.get(header::DATE).and_then(|value| value.to_str().ok());
        if let Some(theirs) = date.and_then(|text| http_date(text, now)) {
            held.note_time(theirs, now);
        }
    }
}

/// Tells the way how it went: well as far as somebody answered. What was not sent for a reason of our own tells nothing.
fn settle(turn: Turn, trouble: Trouble) -> Trouble {
    match (trouble.failure.class, trouble.fate) {
        (Class::Transient, _) => turn.failed(),
        (_, Fate::Unsent) => drop(turn),
        (_, Fate::Refused(_) | Fate::Lost) => turn.answered(),
    }
    trouble
}

fn address(held: &Held, ask: &Ask) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(ask.query.iter().map(|(name, value)| (*name, value)));
    let query = query.finish();
    format!("{}{}{}{query}", held.origin, ask.path, if query.is_empty() { "" } else { "?" })
}

fn no_redirect(target: &Target, why: RedirectRefused) -> FetchError {
    let at = target.place();
    match why {
        RedirectRefused::TooMany { limit } => FetchError::TooManyRedirects { at, limit },
        RedirectRefused::Downgrade { to } => FetchError::Downgrade { at, to },
        RedirectRefused::Url { to, why } => FetchError::BadRedirect { at, to, why },
    }
}

//! Sending to a webhook whose address is a secret.
//!
//! Owns: one bounded request to one address, without redirects, and words for what came that never quote the address. Must
//! not know: what is sent. Called by `alerts` through `ports::Webhook`, put together by `cli`.

use async_trait::async_trait;
use reqwest::Response;
use tidegate_core::contract::{Body, BodyForm, Header, HttpRequest};
use tidegate_core::fetch::{NetGrant, Target, retry_after};
use tidegate_core::limits;
use tokio::time::timeout;

use super::chain::Chain;
use super::error::FetchError;
use super::{Egress, body, permit};
use crate::ports::{self, NotPosted};
use crate::secret::Secret;

/// Words of an answer that are shown: `invalid_payload`, `no_service`.
const WORDS: usize = 60;

/// A webhook.
pub struct SecretWebhook {
    egress: Egress,
    address: Secret,
    grant: NetGrant,
    contact: Option<String>,
}

impl Egress {
    /// A webhook at this address. `contact` is shown in `user-agent`.
    #[must_use]
    pub fn webhook(&self, address: Secret, grant: NetGrant, contact: Option<String>) -> SecretWebhook {
        SecretWebhook { egress: self.clone(), address, grant, contact }
    }
}

#[async_trait]
impl ports::Webhook for SecretWebhook {
    async fn post(&self, body: String) -> Result<u16, NotPosted> {
        let sent = timeout(limits::ALERT_TIMEOUT, Box::pin(self.send(body))).await;
        sent.unwrap_or_else(|_| {
            let why = format!("no answer within {} s", limits::ALERT_TIMEOUT.as_secs());
            Err(NotPosted { why, passing: true, retry_after: None })
        })
    }
}

impl SecretWebhook {
    async fn send(&self, body: String) -> Result<u16, NotPosted> {
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: self.address.as_address().to_owned(),
            headers: vec![Header { name: "content-type".to_owned(), value: "application/json".to_owned() }],
            body: Some(Body::Text(body)),
            want: BodyForm::Text,
            pass_statuses: Vec::new(),
            extra: None,
        };
        let inner = &*self.egress.inner;
        let not_sent = |error: FetchError| self.not_sent(&error);
        let chain = Chain::new(request, Vec::new(), self.contact.as_deref(), &inner.odd).map_err(not_sent)?;
        permit(&chain, &self.grant).map_err(not_sent)?;
        // No turn is taken at the host: alerts are few, and must not wait behind the fetches they tell of.
        let answer = inner.exchange(&chain, &self.grant).await.map_err(not_sent)?;
        self.judge(answer, &chain.target).await
    }

    async fn judge(&self, answer: Response, target: &Target) -> Result<u16, NotPosted> {
        let status = answer.status().as_u16();
        match status {
            200..=299 => Ok(status),
            300..=399 => {
                let why = format!("answered with status {status}: it is elsewhere now, and redirects are not followed");
                Err(NotPosted { why, passing: false, retry_after: None })
            }
            _ => {
                let said = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                let retry_after = said.and_then(|text| retry_after(text, self.egress.inner.clock.now()));
                let headers = answer.headers().clone();
                let head = body::head(&headers, answer, self.egress.inner.limits.idle, target, &[]).await;
                let why = match self.words(&head) {
                    Some(words) => format!("answered with status {status}: {words}"),
                    None => format!("answered with status {status}"),
                };
                Err(NotPosted { why, passing: matches!(status, 408 | 425 | 429 | 500..=599), retry_after })
            }
        }
    }

    /// What an answer says, if it is a word or two: servers quote what they refuse, and pages of errors help nobody.
    fn words(&self, head: &str) -> Option<String> {
        let head = head.trim();
        let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | '-' | '.');
        let fits = !head.is_empty() && head.len() <= WORDS && head.chars().all(plain);
        let quotes = |word: &str| word.len() > 3 && self.address.as_address().contains(word);
        (fits && !head.split([' ', '.']).any(quotes)).then(|| head.to_owned())
    }

    /// Why nothing was sent, in words without the address. What the system or the TLS library says names at most the host.
    fn not_sent(&self, error: &FetchError) -> NotPosted {
        let (why, passing) = match error {
            FetchError::Dns { why, .. } => (format!("resolving its name failed: {why}"), true),
            FetchError::Connect { why, .. } => (format!("connecting failed: {why}"), true),
            FetchError::Tls { why, .. } => (format!("TLS failed: {why}"), true),
            FetchError::Reset { why, .. } => (format!("the connection broke: {why}"), true),
            FetchError::Timeout { after, .. } => (format!("no answer within {} s", after.as_secs()), true),
            FetchError::Denied { reason, .. } => {
                (format!("{reason}; name it in the webhook's allow_private if that is meant"), false)
            }
            FetchError::Malformed { .. } => ("the answer is not HTTP".to_owned(), false),
            FetchError::TooLarge { .. } => ("the header of the answer is too large".to_owned(), false),
            _ => ("the request cannot be sent to this address".to_owned(), false),
        };
        let why = if self.quoted(&why) { "the request failed".to_owned() } else { why };
        NotPosted { why, passing, retry_after: None }
    }

    /// Whether a text quotes a part of the address beyond its host.
    fn quoted(&self, text: &str) -> bool {
        let Ok(target) = Target::parse(self.address.as_address()) else { return self.address.stands_in(text) };
        let path = target.url().path().split('/').chain(target.url().query().unwrap_or_default().split(['&', '=']));
        let mut parts = path.filter(|part| part.len() > 3);
        parts.any(|part| text.contains(part)) || self.address.stands_in(text)
    }
}

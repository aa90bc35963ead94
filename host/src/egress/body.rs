//! The body of an answer, taken in under limits.
//!
//! Owns: reading a body with its time and size limits, and what is kept of one that goes to no plugin. Must not know:
//! what a status means. Called by the fetch after the header was accepted.

use std::time::Duration;

use http::{HeaderMap, header};
use reqwest::Response;
use tidegate_core::fetch::{Place, Target};
use tidegate_core::limits;
use tokio::time::timeout;

use super::decode::{DecodeError, Decoder};
use super::error::{FetchError, Measure, Phase};
use super::failed::cut;
use super::secret::{Credential, hide, longest};
use super::text;

/// The whole body, decoded.
pub(super) async fn read(
    headers: &HeaderMap,
    answer: Response,
    limit: usize,
    idle: Duration,
    target: &Target,
) -> Result<Vec<u8>, FetchError> {
    // hyper has made sure that it is a number, and one only; it is 0 for answers without a body.
    let expected = answer.content_length().and_then(|length| usize::try_from(length).ok());
    if expected.is_some_and(|length| length > limit) {
        return Err(FetchError::TooLarge { at: target.place(), what: Measure::Wire, limit });
    }
    let mut decoder = decoder(headers, limit, expected).map_err(|e| explain(e, 0, target.place()))?;
    fill(&mut decoder, answer, idle, usize::MAX, target).await?;
    let received = decoder.wire();
    decoder.finish().map_err(|e| explain(e, received, target.place()))
}

/// The first KiB as one line of text, credentials hidden: for messages. What cannot be had is left out.
pub(super) async fn head(
    headers: &HeaderMap,
    answer: Response,
    idle: Duration,
    target: &Target,
    credentials: &[Credential],
) -> String {
    // A secret that is cut off at the end would not be recognized: so much more is read, and then left out.
    let longest = longest(credentials);
    let enough = 2 * limits::ERROR_BODY_BYTES + longest;
    let (bytes, whole) = beginning(headers, answer, idle, target, enough).await;
    // Hidden before it is made one line: UTF-16 that does not say so would come apart into letters.
    let text = hide(&text::decoded(headers.get(header::CONTENT_TYPE), &bytes), credentials);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.collect::<Vec<_>>().join(" ");
    let kept = if whole { line.len() } else { line.len().saturating_sub(longest) };
    line.truncate(line.floor_char_boundary(kept.min(limits::ERROR_BODY_BYTES)));
    line
}

/// At most the first `enough` decoded bytes, and whether they are the whole body. Only how much comes in the time `idle`
/// counts, not why it ends.
pub(super) async fn beginning(
    headers: &HeaderMap,
    answer: Response,
    idle: Duration,
    target: &Target,
    enough: usize,
) -> (Vec<u8>, bool) {
    let Ok(mut decoder) = decoder(headers, 64 * limits::KIB, None) else { return (Vec::new(), false) };
    let read = timeout(idle, fill(&mut decoder, answer, idle, enough, target)).await;
    let mut bytes = decoder.take();
    let whole = matches!(read, Ok(Ok(()))) && bytes.len() < enough;
    bytes.truncate(enough);
    (bytes, whole)
}

pub(super) fn decoder(headers: &HeaderMap, limit: usize, expected: Option<usize>) -> Result<Decoder, DecodeError> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    Decoder::new(codings.map(|value| value.to_str().unwrap_or("(not text)")), limit, expected)
}

/// Reads until the end, or until so many decoded bytes are there.
async fn fill(
    decoder: &mut Decoder,
    mut answer: Response,
    idle: Duration,
    enough: usize,
    target: &Target,
) -> Result<(), FetchError> {
    let mut pieces = 0;
    while decoder.decoded() < enough {
        let next = timeout(idle, answer.chunk()).await;
        let next = next.map_err(|_| FetchError::Timeout { at: target.place(), phase: Phase::Body, after: idle })?;
        let next = next.map_err(|e| FetchError::Cut { at: target.place(), received: decoder.wire(), why: cut(&e) })?;
        let Some(piece) = next else { return Ok(()) };
        pieces += 1;
        if pieces > limits::BODY_PIECES {
            let (what, limit) = (Measure::Pieces, limits::BODY_PIECES);
            return Err(FetchError::TooLarge { at: target.place(), what, limit });
        }
        decoder.push(&piece).map_err(|e| explain(e, decoder.wire(), target.place()))?;
    }
    Ok(())
}

pub(super) fn explain(error: DecodeError, received: usize, at: Place) -> FetchError {
    match error {
        DecodeError::TooLarge { what, limit } => FetchError::TooLarge { at, what, limit },
        DecodeError::Unknown { coding, why } => FetchError::BadEncoding { at, coding, why },
        DecodeError::Broken { coding, why } => FetchError::BadEncoding { at, coding: coding.to_owned(), why },
        DecodeError::Cut(why) => FetchError::Cut { at, received, why },
    }
}

//! What a rule can do.
//!
//! Owns: the shapes of effects; every field is optional and says one thing. Called by `rules`, by the API (answers and
//! runs) and by the server (bytes).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::actors::Spoil;
use crate::money::MicroUsd;
use crate::runs::Status;

/// Everything that can be changed about one request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Effect {
    /// Answers this instead.
    pub(crate) answer: Option<Answer>,
    /// The request is carried out although something else is answered.
    pub(crate) performed: Option<bool>,
    /// Where the connection breaks.
    pub(crate) cut: Option<Cut>,
    /// How slowly the answer comes.
    pub(crate) slow: Option<Slow>,
    /// How the body is coded.
    pub(crate) coding: Option<Coding>,
    /// The content type of the answer; empty: none.
    pub(crate) content_type: Option<String>,
    /// Header fields on top.
    pub(crate) headers: BTreeMap<String, String>,
    /// Changes of the answer's `data`.
    pub(crate) patch: Option<Patch>,
    /// What becomes of `waitForFinish`.
    pub(crate) wait: Option<Wait>,
    /// All times of the answer, and `Date`, are shifted (ms).
    pub(crate) skew_ms: Option<i64>,
    /// All tokens are revoked before the request is looked at.
    pub(crate) revoke_tokens: Option<bool>,
    /// The server's port is closed for so long (ms), this connection included.
    pub(crate) refuse_ms: Option<u64>,
    /// What becomes of the run that this request starts.
    pub(crate) run: Option<Twist>,
}

/// An answer made up.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `error.type`; with it the body is an error of the API.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) message: Option<String>,
    /// The body as it is, where it is no error of the API.
    pub(crate) body: Option<String>,
    pub(crate) content_type: Option<String>,
    /// `{origin}`, `{other}` (the same server under another name) and `{path}` are replaced.
    pub(crate) headers: BTreeMap<String, String>,
}

/// Where a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cut {
    /// Before the request is carried out.
    Before,
    /// As `before`, with a reset (RST).
    ResetBefore,
    /// Carried out; not a byte is answered.
    Unanswered,
    /// Carried out; reset instead of an answer.
    ResetAfter,
    /// Carried out; the connection dies behind the head.
    Head,
    /// Carried out; the connection dies in the middle of the body, whose length was stated.
    Body,
    /// As `body`, in chunks, without the last one.
    Chunk,
    /// Bytes of another protocol: what a client of TLS sees of a server without, and the reverse.
    Garbage,
}

/// How slowly an answer comes; by the emulator's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Slow {
    /// Before the head (ms).
    pub(crate) head_ms: i64,
    /// Between two bytes of the body (ms).
    pub(crate) byte_ms: i64,
}

/// How a body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Coding {
    /// As it should be.
    Gzip,
    /// As it should be.
    Br,
    /// The length and the checksum at its end are wrong.
    BadGzip,
    /// Ends in the middle, although the stated length is kept.
    ShortGzip,
    /// Unfolds to 256 MiB.
    Bomb,
}

/// Changes of an answer's `data`, or of each element of a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Patch {
    /// Members that are set.
    pub(crate) set: Map<String, Value>,
    /// Members that are taken away.
    pub(crate) remove: Vec<String>,
}

/// What becomes of `waitForFinish`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Wait {
    /// Answered at once.
    Ignore,
    /// Held for the whole time, although the run has ended.
    Hold,
}

/// What becomes of a run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Twist {
    /// How it ends.
    pub(crate) ends: Option<Status>,
    /// Items it would bring.
    pub(crate) items: Option<u32>,
    /// Items after which it ends.
    pub(crate) reach: Option<u32>,
    /// From RUNNING to the end (ms).
    pub(crate) duration_ms: Option<i64>,
    /// `statusMessage` at the end; empty: null.
    pub(crate) message: Option<String>,
    pub(crate) exit_code: Option<i32>,
    /// How long cost and counts stay preliminary (ms).
    pub(crate) cost_lag_ms: Option<i64>,
    /// How long the items cannot be seen after the end (ms); `itemCount` and the total say 0 until then.
    pub(crate) items_lag_ms: Option<i64>,
    /// Items become visible one after the other over so long after the end (ms).
    pub(crate) items_trickle_ms: Option<i64>,
    /// How long neither the run nor a list shows it (ms).
    pub(crate) unseen_ms: Option<i64>,
    /// So long after its end (ms) it runs again, once.
    pub(crate) resurrects_after_ms: Option<i64>,
    /// Items that a second life brings.
    pub(crate) grows: Option<u32>,
    /// The cap counts as this much (micro-USD), where none or a higher one was sent.
    pub(crate) cap_micro_usd: Option<MicroUsd>,
    /// Faults of its dataset.
    pub(crate) data: Vec<Spoil>,
    /// Faults of its webhooks.
    pub(crate) webhook: Option<WebhookFault>,
}

/// What goes wrong with a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WebhookFault {
    /// Delivered twice.
    Twice,
    /// Not delivered.
    Never,
    /// Delivered a minute late.
    Late,
    /// Speaks of a run that nobody knows.
    UnknownRun,
    /// Comes to the address with its last letter changed.
    WrongSecret,
}

impl Effect {
    /// Lays another effect over this one.
    pub(crate) fn overlay(&mut self, over: &Self) {
        over.answer.clone_into_some(&mut self.answer);
        over.performed.clone_into_some(&mut self.performed);
        over.cut.clone_into_some(&mut self.cut);
        over.slow.clone_into_some(&mut self.slow);
        over.coding.clone_into_some(&mut self.coding);
        over.content_type.clone_into_some(&mut self.content_type);
        over.patch.clone_into_some(&mut self.patch);
        over.wait.clone_into_some(&mut self.wait);
        over.skew_ms.clone_into_some(&mut self.skew_ms);
        over.revoke_tokens.clone_into_some(&mut self.revoke_tokens);
        over.refuse_ms.clone_into_some(&mut self.refuse_ms);
        over.run.clone_into_some(&mut self.run);
        self.headers.extend(over.headers.clone());
    }
}

/// Overlaying: what is said replaces what was said before.
trait CloneIntoSome {
    fn clone_into_some(&self, into: &mut Self);
}

impl<T: Clone> CloneIntoSome for Option<T> {
    fn clone_into_some(&self, into: &mut Self) {
        if self.is_some() {
            into.clone_from(self);
        }
    }
}

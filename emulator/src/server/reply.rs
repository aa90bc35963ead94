//! Answers, before they are bytes.
//!
//! Owns: status, fields and body, and what is to go wrong with them. Called by `api`; written by `send`.

use serde_json::{Value, json};

use crate::script::{Coding, Cut, Slow};

/// One answer.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// `None`: no `Content-Type`.
    pub(crate) content_type: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) cut: Option<Cut>,
    pub(crate) slow: Option<Slow>,
    pub(crate) coding: Option<Coding>,
    /// Not a byte is written until the connection is cut with the port.
    pub(crate) held: bool,
    /// `Date` is shifted (ms).
    pub(crate) skew_ms: i64,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self { status, content_type: Some("application/json; charset=utf-8".to_owned()), body, ..Self::default() }
    }

    /// `{"data": ...}`.
    pub(crate) fn data(status: u16, data: &Value) -> Self {
        Self::json(status, json!({"data": data}).to_string().into_bytes())
    }

    pub(crate) fn bytes(content_type: &str, body: Vec<u8>) -> Self {
        Self { status: 200, content_type: Some(content_type.to_owned()), body, ..Self::default() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

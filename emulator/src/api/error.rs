//! Errors of the API, with the types and texts that Apify uses.
//!
//! Owns: the list. Called by all handlers.

use serde_json::json;

use crate::server::Reply;

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        Self { status, kind: kind.to_owned(), message: message.into() }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(404, "record-not-found", format!("{what} was not found"))
    }

    pub(crate) fn invalid_input(why: &str) -> Self {
        Self::new(400, "invalid-input", format!("Input is not valid: {why}"))
    }

    pub(crate) fn invalid_parameter(why: impl Into<String>) -> Self {
        Self::new(400, "invalid-parameter", why)
    }

    pub(crate) fn method(allowed: &str) -> Self {
        let text = "This API end-point can only be accessed using the following HTTP methods: OPTIONS,";
        Self::new(405, "method-not-allowed", format!("{text}{allowed}"))
    }

    pub(crate) fn reply(&self) -> Reply {
        let body = json!({"error": {"type": self.kind, "message": self.message}});
        Reply::json(self.status, body.to_string().into_bytes())
    }
}

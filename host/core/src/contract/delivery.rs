//! A webhook delivery on its way to a plugin. Shapes only; see `wit/v0.1/deliveries.wit`.

use super::{Body, Header};

/// One delivery, stored and checked by the host before a plugin sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Upper case.
    pub method: String,
    /// Query parameters in the order received, decoded.
    pub query: Vec<Header>,
    /// Names in lower case, in the order received; without what the host used to check it.
    pub headers: Vec<Header>,
    /// After content decoding.
    pub body: Body,
    /// RFC 3339.
    pub received_at: String,
    /// JSON object.
    pub extra: Option<String>,
}

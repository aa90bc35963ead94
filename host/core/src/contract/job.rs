//! What is wanted of a plugin, and what it wants fetched. Shapes only; see `wit/v0.1/types.wit`.

use serde::{Deserialize, Serialize};

/// What is wanted. The same through all calls of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// One of the manifest's kinds.
    pub kind: String,
    /// Normal form of the identifier.
    pub identifier: String,
    /// JSON object: the profile's defaults with the source's overrides laid over them.
    pub overrides: String,
    /// Where earlier runs ended.
    pub watermark: Option<Watermark>,
    /// How many new items this run may store; at least 1.
    pub max_items: u32,
    /// How many fetches this run may make in all; at least 1.
    pub max_pages: u32,
    /// RFC 3339, UTC.
    pub now: String,
    /// The actor the profile names.
    pub actor: Option<String>,
    /// The platform's own id of the account or feed, once known.
    pub platform_id: Option<String>,
    /// JSON object.
    pub extra: Option<String>,
}

/// Where the ingestion of a source stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watermark {
    /// External id of the newest item.
    pub newest_id: Option<String>,
    /// RFC 3339.
    pub newest_published_at: Option<String>,
    /// Opaque to the host.
    pub cursor: Option<String>,
}

/// What the host is to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The fetch.
    pub fetch: Fetch,
    /// Handed back with the page.
    pub state: Option<String>,
    /// JSON object.
    pub extra: Option<String>,
}

/// What a plugin asks the host to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fetch {
    /// One HTTP request.
    Http(HttpRequest),
    /// One run of the profile's actor.
    Actor(ActorRun),
    /// Nothing: the run ends well.
    Nothing,
    /// Not used in this track.
    Other(String),
}

/// An HTTP request without any credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Upper case.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// In the order to be sent.
    pub headers: Vec<Header>,
    /// The body, if any.
    pub body: Option<Body>,
    /// How the answer is to be handed over.
    pub want: BodyForm,
    /// Statuses the host would act on by itself that shall come to the plugin.
    pub pass_statuses: Vec<u16>,
    /// JSON object.
    pub extra: Option<String>,
}

/// A body, as text or as bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Body {
    /// The body's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Prints the size only: bodies are large, and may be anybody's data.
impl core::fmt::Debug for Body {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Body({} bytes)", self.as_bytes().len())
    }
}

/// How a body is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyForm {
    /// As bytes, character encoding and all.
    #[default]
    Bytes,
    /// As text, decoded by the host.
    Text,
}

/// A header field or a query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Name; lower case in responses.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A run of the profile's actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorRun {
    /// JSON object.
    pub input: String,
    /// The most elements the input can make the actor return.
    pub max_elements: u32,
    /// JSON object.
    pub extra: Option<String>,
}

/// Why a plugin could not do its work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What sort of failure; [`crate::failure`] decides what follows.
    pub category: FailureCategory,
    /// For the person who looks after the source.
    pub message: String,
    /// Seconds to wait, where the platform says so.
    pub retry_after_s: Option<f64>,
    /// For `config`: where in the overrides.
    pub pointer: Option<String>,
    /// JSON object.
    pub extra: Option<String>,
}

/// The categories a plugin may answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCategory {
    /// Likely to pass by itself.
    Transient,
    /// The platform asks to slow down.
    RateLimited,
    /// The scraper was turned away.
    Blocked,
    /// The credential is missing, wrong or not allowed this.
    Auth,
    /// Not found this time.
    NotFound,
    /// The source is protected.
    Private,
    /// The answer cannot be understood.
    BadAnswer,
    /// A person has to change identifier or overrides.
    Config,
    /// None of these; counts as `BadAnswer`.
    Other,
}

//! A raw answer on its way to a plugin. Shapes only; see `wit/v0.1/types.wit`.

use serde::{Deserialize, Serialize};

use super::{Body, Header};

/// A raw answer, with the state of the step that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// As the step gave it, or the batch before.
    pub state: Option<String>,
    /// The answer.
    pub content: PageContent,
    /// Number within the run, from 0.
    pub number: u32,
    /// JSON object.
    pub extra: Option<String>,
}

/// What sort of answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageContent {
    /// The answer to an HTTP step.
    Http(HttpResponse),
    /// Elements of an actor run's dataset.
    Dataset(DatasetPage),
    /// For later tracks.
    Other(String),
}

/// The last response of a request, after redirects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The URL that answered.
    pub final_url: String,
    /// The redirects that led there, first one first.
    pub redirects: Vec<Redirect>,
    /// In the order received, names in lower case.
    pub headers: Vec<Header>,
    /// After content decoding.
    pub body: Body,
    /// JSON object.
    pub extra: Option<String>,
}

/// One redirect that was followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it led, absolute.
    pub url: String,
}

/// A piece of an actor run's dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetPage {
    /// Each a JSON text as the actor wrote it.
    pub elements: Vec<String>,
    /// Index of the first element in the whole dataset.
    pub offset: u32,
    /// Whether more pages of this dataset follow.
    pub more: bool,
    /// How the run ended.
    pub ended: ActorEnd,
    /// JSON object.
    pub extra: Option<String>,
}

/// How an actor run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActorEnd {
    /// By itself.
    Succeeded,
    /// With an error.
    Failed,
    /// By the platform's clock.
    TimedOut,
    /// By a person, a cap or us.
    Aborted,
    /// Not yet.
    Running,
    /// A status this version does not know.
    Other,
}

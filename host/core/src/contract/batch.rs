//! What came of a page. Shapes only; see `wit/v0.1/types.wit`.

use serde::{Deserialize, Serialize};

use super::{Failure, Step, Watermark};

/// What came of a page, as the plugin gave it: not yet checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// In the order of the page.
    pub items: Vec<Item>,
    /// Items the platform says are gone.
    pub removals: Vec<Removal>,
    /// Elements that could not be turned into items.
    pub rejects: Vec<Reject>,
    /// Elements without content.
    pub fillers: u32,
    /// What the page says about the source.
    pub outcome: Outcome,
    /// What it says about the account or feed.
    pub facts: Option<Facts>,
    /// Where the next run is to start.
    pub watermark: Option<Watermark>,
    /// Trouble that came with these items.
    pub trouble: Option<Failure>,
    /// For the following page of the same dataset.
    pub state: Option<String>,
    /// What the source asks of whoever fetches it.
    pub hints: Option<Hints>,
    /// For the person who looks after the source.
    pub warnings: Vec<String>,
    /// One more fetch for the same run.
    pub next: Option<Step>,
    /// JSON object.
    pub extra: Option<String>,
}

/// One post, article or record, as the plugin gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Which element of the page it came from.
    pub element: u32,
    /// The platform's own id.
    pub external_id: String,
    /// Whether what is absent here leaves what is stored.
    pub partial: bool,
    /// What it is: "post", "article", ...
    pub kind: String,
    /// Permanent link.
    pub url: Option<String>,
    /// Who wrote it.
    pub authors: Vec<Author>,
    /// Plain text.
    pub title: Option<String>,
    /// Plain text.
    pub text: Option<String>,
    /// Sanitized by the plugin.
    pub html: Option<String>,
    /// Plain text.
    pub summary: Option<String>,
    /// RFC 3339.
    pub published_at: Option<String>,
    /// RFC 3339.
    pub updated_at: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// In order of display.
    pub media: Vec<Media>,
    /// Counts as of this fetch.
    pub metrics: Vec<Metric>,
    /// Items this one answers, quotes or repeats.
    pub references: Vec<Reference>,
    /// Categories, hashtags.
    pub tags: Vec<String>,
    /// JSON object: what the platform has beyond this.
    pub data: Option<String>,
    /// JSON object.
    pub extra: Option<String>,
}

/// Who wrote an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Without "@".
    pub handle: Option<String>,
    /// The platform's own id.
    pub id: Option<String>,
    /// As displayed.
    pub name: Option<String>,
    /// Profile page.
    pub url: Option<String>,
    /// Picture.
    pub image_url: Option<String>,
    /// Verified by the platform.
    pub verified: Option<bool>,
    /// JSON object.
    pub extra: Option<String>,
}

/// A picture, video, sound or file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// "image", "video", "animated-gif", "audio", "document", ...
    pub kind: String,
    /// What part it plays: "attached", "enclosure", "content", "thumbnail", ...
    pub role: String,
    /// Absolute.
    pub url: String,
    /// A small picture of it.
    pub thumbnail_url: Option<String>,
    /// As given.
    pub mime: Option<String>,
    /// In bytes.
    pub size: Option<f64>,
    /// Pixels.
    pub width: Option<f64>,
    /// Pixels.
    pub height: Option<f64>,
    /// Seconds.
    pub duration_s: Option<f64>,
    /// Description for those who cannot see it.
    pub alt: Option<String>,
    /// RFC 3339.
    pub expires_at: Option<String>,
    /// JSON object.
    pub extra: Option<String>,
}

/// A count as of a fetch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// "likes", "views", ...
    pub name: String,
    /// The count.
    pub value: f64,
}

/// Another item this one points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// "in-reply-to", "thread-root", "quoted", "reposted", "comments", "via", ...
    pub relation: String,
    /// Its external id.
    pub external_id: Option<String>,
    /// Its author.
    pub author_handle: Option<String>,
    /// Its author, by the platform's own id.
    pub author_id: Option<String>,
    /// Its link.
    pub url: Option<String>,
}

/// An item the platform says is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Which element of the page said so.
    pub element: u32,
    /// The platform's own id.
    pub external_id: String,
    /// "deleted", "hidden", "expired", ...
    pub reason: String,
    /// RFC 3339.
    pub at: Option<String>,
    /// JSON object.
    pub extra: Option<String>,
}

/// An element that could not be turned into an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Which element of the page.
    pub element: u32,
    /// What is wrong with it.
    pub reason: String,
    /// JSON object.
    pub extra: Option<String>,
}

/// What a page says about the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// In a word.
    pub status: OutcomeStatus,
    /// What the platform said.
    pub detail: String,
    /// JSON object.
    pub extra: Option<String>,
}

/// What a page says about the source, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeStatus {
    /// The source answered.
    Ok,
    /// Nothing is new.
    NoNew,
    /// Gone for good.
    NotFound,
    /// Protected.
    Private,
    /// Protected or empty.
    PrivateOrEmpty,
    /// The scraper was turned away.
    Blocked,
    /// The account or plan does not allow it.
    PlanLimited,
    /// An error the plugin does not know.
    UnknownError,
    /// Anything else.
    Other,
}

/// What is known about the account or feed behind a source.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The platform's own id.
    pub platform_id: Option<String>,
    /// As displayed.
    pub display_name: Option<String>,
    /// As displayed.
    pub description: Option<String>,
    /// Home page or profile page.
    pub url: Option<String>,
    /// Picture.
    pub image_url: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Count.
    pub followers: Option<f64>,
    /// Count.
    pub following: Option<f64>,
    /// Count.
    pub posts: Option<f64>,
    /// Verified by the platform.
    pub verified: Option<bool>,
    /// The identifier under which the source is now found.
    pub moved_to: Option<String>,
    /// JSON object.
    pub extra: Option<String>,
}

/// What a source asks of whoever fetches it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Hints {
    /// Not more often than this.
    pub min_interval_s: Option<f64>,
    /// Stays fresh so long.
    pub fresh_for_s: Option<f64>,
    /// RFC 3339.
    pub not_before: Option<String>,
    /// UTC hours, 0 to 23.
    pub skip_hours: Vec<u32>,
    /// Lower-case English names.
    pub skip_days: Vec<String>,
    /// WebSub hubs.
    pub hubs: Vec<String>,
    /// Topic at these hubs.
    pub topic: Option<String>,
    /// Will never change again.
    pub complete: bool,
    /// JSON object.
    pub extra: Option<String>,
}

//! What a step remembers until its page comes back.
//!
//! Owns: the state of a run, as JSON in `step.state`. Called by [`crate::answer`] and [`crate::paging`].

use serde::{Deserialize, Serialize};
use tidegate_plugin_kit::Watermark;

/// The state of one step. A page without a readable state is treated as the first.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Whether validators were sent, so that a 304 makes sense.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
    /// Whether a web page has already led here: another page is then an error, not a further search.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub discovered: bool,
    /// Pages of the feed that were read before this one.
    #[serde(skip_serializing_if = "is_zero")]
    pub pages_read: u32,
    /// What the feed's first page proposed: where the next run starts, once the last page has been read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// URLs asked for in this run, so that paging never goes in circles.
    pub asked: Vec<String>,
}

/// A watermark, until it may be proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    newest_id: Option<String>,
    newest_published_at: Option<String>,
    /// Validators; none if some page was not read whole.
    cursor: Option<String>,
}

impl Mark {
    /// Of the first page's watermark.
    pub fn new(watermark: Watermark) -> Self {
        let Watermark { newest_id, newest_published_at, cursor } = watermark;
        Self { newest_id, newest_published_at, cursor }
    }

    /// What was left out would never be seen if the server could say "not modified" to the next request.
    #[must_use]
    pub fn leaving_out(self, something: bool) -> Self {
        Self { cursor: self.cursor.filter(|_| !something), ..self }
    }

    /// What to propose.
    pub fn proposal(self) -> Watermark {
        let Self { newest_id, newest_published_at, cursor } = self;
        Watermark { newest_id, newest_published_at, cursor }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl State {
    /// Reads a state.
    pub fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Writes it.
    pub fn write(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

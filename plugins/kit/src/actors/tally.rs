//! The counts of a page that stand beside its items.
//!
//! Owns: how they are told: known keys in `batch.extra`, which the host needs to see that every element was counted, and a
//! warning about elements of others. Must not know: what an element is.

use std::fmt::Write as _;

use crate::Batch;

/// Elements that became neither item nor filler nor reject.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// About somebody else.
    pub left_out: u32,
    /// Rows that say something about the source.
    pub outcomes: u32,
    /// Profiles.
    pub profiles: u32,
    stranger: Option<String>,
}

impl Tally {
    /// One more element about somebody else; of the first whose name is known `chars` characters are kept for the warning.
    pub fn leave_out(&mut self, who: Option<&str>, chars: usize) {
        self.left_out += 1;
        if self.stranger.is_none() {
            self.stranger = who.map(|who| who.chars().take(chars).collect());
        }
    }

    /// Writes the counts into a batch. `whose` ends the sentence "elements that are not ..." ("by or about this source").
    pub fn write(self, batch: &mut Batch, whose: &str) {
        let counts = [("left_out", self.left_out), ("outcomes", self.outcomes), ("profiles", self.profiles)];
        let mut json = String::new();
        for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            json.push(if json.is_empty() { '{' } else { ',' });
            // Writing to a text cannot fail.
            let _ = write!(json, "\"{name}\":{count}");
        }
        if !json.is_empty() {
            json.push('}');
            batch.extra = Some(json);
        }
        if self.left_out > 0 {
            let who = self.stranger.unwrap_or_else(|| "somebody else".to_owned());
            batch.warnings.push(format!("left out {} elements that are not {whose} (such as {who})", self.left_out));
        }
    }
}

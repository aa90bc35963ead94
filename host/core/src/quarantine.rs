//! When a plugin is taken out of service.
//!
//! Owns: how many faults of one version are too many, and how much work done well meanwhile speaks for it. Must not know:
//! rows, or what a fault is ([`crate::failure::Class::PluginFault`]). Called by `engine` when a plugin has broken down, by the
//! eligibility rules and by whoever prints what is out of service.
//!
//! A version is judged by its digest. What one source can do to a plugin (a page that makes it run out of memory) must not
//! stop all others: faults have to come from different sources, and from a good part of those that the plugin was asked for.
//! Whoever adds three broken sources to a plugin that serves thousands stops those three. And faults on sources of one tenant alone
//! stop nobody while another tenant has sources of that plugin: the engine asks for that before it takes a version out of service.

use serde::Serialize;

use crate::limits;
use crate::time::UtcMillis;

/// Faults of one version of a plugin within [`limits::QUARANTINE_WINDOW`], as far as they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Runs it broke down in.
    pub runs: u32,
    /// Different sources of those runs.
    pub sources: u32,
    /// The first of them.
    pub since: UtcMillis,
}

impl Faults {
    /// On how many sources the plugin has to have worked since then to stay in service all the same. `None`: these faults are
    /// too few to ask.
    #[must_use]
    pub const fn excused_by(&self) -> Option<u32> {
        if self.runs < limits::QUARANTINE_FAULTS || self.sources < limits::QUARANTINE_SOURCES {
            return None;
        }
        Some(self.sources.saturating_mul(limits::QUARANTINE_GOOD))
    }

    /// Whether these faults put the plugin into quarantine. `worked`: sources on which it has worked since the first of them;
    /// it need not be counted beyond [`Faults::excused_by`].
    #[must_use]
    pub const fn are_too_many(&self, worked: u32) -> bool {
        match self.excused_by() {
            Some(enough) => worked < enough,
            None => false,
        }
    }
}

/// A version of a plugin that is out of service, until another one takes its place or a person releases it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantine {
    /// Its name.
    pub plugin: String,
    /// The version's digest.
    pub digest: String,
    /// Since when.
    pub since: UtcMillis,
    /// Runs it broke down in.
    pub runs: u32,
    /// Different sources of those runs.
    pub sources: u32,
    /// The last fault.
    pub why: String,
}

impl Quarantine {
    /// Why it is out of service, as a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { runs, sources, since, why, .. } = self;
        format!("it broke down in {runs} runs of {sources} sources until {since}, last: {why}")
    }

    /// What a person types to let it serve again.
    #[must_use]
    pub fn remedy(&self) -> String {
        format!("tidegate plugin release {}", self.plugin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much() {
        // Runs, sources, sources on which it worked meanwhile.
        let table = [
            ("nothing", (0, 0, 0), false),
            ("one source, again and again", (1_000, 1, 0), false),
            ("two sources", (1_000, 2, 0), false),
            ("three sources once each", (3, 3, 0), false),
            ("a run short", (4, 3, 0), false),
            ("the least", (5, 3, 0), true),
            ("most of a few", (5, 3, 8), true),
            ("as many as excuse it", (5, 3, 9), false),
            ("three of thousands", (200, 3, 5_000), false),
            ("more and more of them", (200, 150, 449), true),
            ("all", (10_000, 10_000, 0), true),
            ("no sum wraps", (u32::MAX, u32::MAX, u32::MAX), false),
        ];
        for (what, (runs, sources, worked), expected) in table {
            let faults = Faults { runs, sources, since: UtcMillis::default() };
            assert_eq!(faults.are_too_many(worked), expected, "{what}");
            // Nobody has to count further than to what excuses it.
            let counted = faults.excused_by().map_or(0, |enough| worked.min(enough));
            assert_eq!(faults.are_too_many(counted), expected, "{what}, counted as far as needed");
        }
    }
}

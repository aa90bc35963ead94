//! What the feeds in trouble tell, once they are heard.
//!
//! Owns: the texts of the five that have any. Called by the demo's site, which gives each its trouble.

use super::stories::Story;
use crate::formats::Format;

/// Fails at first: the line to the mainland.
pub(super) static LIGHTHOUSE: Story = Story {
    path: "/lighthouse/keepers-log.rss",
    title: "The lighthouse keeper's log",
    about: "When the line to the mainland holds.",
    author: "The keeper",
    format: Format::Rss,
    rhythm_s: 4,
    backlog: 5,
    headlines: &["Lamp lit at {t}", "Fog signal for {c} hours", "{c} ships counted before dawn"],
    bodies: &["<p>Night {n}. Oil for {c} more; the line is back.</p>", "<p>Visibility {m} miles at {t}.</p>"],
    tags: &["lighthouse"],
};

/// Answers late.
pub(super) static SLOW_FERRY: Story = Story {
    path: "/ferry/slow-boat.atom",
    title: "The slow boat",
    about: "It arrives. It always arrives.",
    author: "The ferry company",
    format: Format::Atom,
    rhythm_s: 9,
    backlog: 4,
    headlines: &["Crossing {n}: on its way", "Crossing {n}: still on its way", "Crossing {n}: there"],
    bodies: &["<p>Left at {t}. {c} passengers, one goat.</p>", "<p>Half way at {t}, with a view.</p>"],
    tags: &["ferry"],
};

/// Stands behind a permanent redirect.
pub(super) static MOVED_PILOTS: Story = Story {
    path: "/new-pier/pilots.rss",
    title: "The pilots' station",
    about: "Moved to the new pier; the coffee moved first.",
    author: "The pilots",
    format: Format::Rss,
    rhythm_s: 5,
    backlog: 5,
    headlines: &["Pilot aboard at {t}", "{c} ships waiting", "Pilot back, dry, at {t}"],
    bodies: &["<p>Boarded at {t} by the ladder, {m} m up.</p>", "<p>{c} ships wait for the tide.</p>"],
    tags: &["pilots"],
};

/// Stands behind an HTML page.
pub(super) static VILLAGE: Story = Story {
    path: "/village/noticeboard.json",
    title: "The village by the lock",
    about: "Its front page names its feed.",
    author: "The village",
    format: Format::Json,
    rhythm_s: 5,
    backlog: 4,
    headlines: &["Choir at {t}", "Lost: {c} keys on one ring", "Found: {c} keys"],
    bodies: &["<p>In the net loft, at {t}. {c} tenors wanted.</p>", "<p>At the well, {m} m from the bench.</p>"],
    tags: &["village"],
};

/// Asks for patience now and then.
pub(super) static BUSY_BUREAU: Story = Story {
    path: "/weather/busy-bureau.rss",
    title: "The weather bureau",
    about: "Much asked; asks for patience in return.",
    author: "The bureau",
    format: Format::Rss,
    rhythm_s: 4,
    backlog: 5,
    headlines: &["Wind {c} knots at {t}", "Swell {m} m from the west", "Outlook {n}: fair, mostly"],
    bodies: &["<p>Observed at {t}: {c} knots, gusts to twice that.</p>", "<p>Swell {m} m, falling.</p>"],
    tags: &["weather"],
};

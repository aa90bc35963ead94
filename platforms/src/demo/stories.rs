//! What the feeds of the coast tell. Written for tidegate; every place and person is made up, or only a name on a map.
//!
//! Owns: the texts and rhythms. Called by the demo's site. The names of the paths tell the story; slots such as `{t}` are
//! filled by `growing`.

use crate::formats::Format;

/// One feed's voice.
#[derive(Clone, Copy)]
pub(super) struct Story {
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) author: &'static str,
    pub(super) format: Format,
    /// Seconds from one item to the next.
    pub(super) rhythm_s: u64,
    /// Items that are there at the start.
    pub(super) backlog: u64,
    pub(super) headlines: &'static [&'static str],
    pub(super) bodies: &'static [&'static str],
    pub(super) tags: &'static [&'static str],
}

impl Story {
    /// `tides-brest` from `/tides/brest.atom`.
    pub(super) fn slug(&self) -> String {
        let stem = self.path.rsplit_once('.').map_or(self.path, |(stem, _)| stem);
        stem.trim_matches('/').replace('/', "-")
    }
}

/// The twenty that are well.
pub(super) static STEADY: [Story; 20] = [
    Story {
        path: "/tides/brest.atom",
        title: "Tides at Brest",
        about: "High and low water, as the gauge on the quay reads it.",
        author: "The tide gauge",
        format: Format::Atom,
        rhythm_s: 2,
        backlog: 6,
        headlines: &[
            "High water at {t}: {m} m",
            "Low water at {t}: {m} m",
            "The gauge reads {m} m, and rising",
            "Slack water for {c} minutes at {t}",
        ],
        bodies: &[
            "<p>Reading no. {n}: <strong>{m} m</strong> at {t}. The swell off the point is gentle.</p>",
            "<p>Water stood at {m} m at {t}.</p><ul><li>Wind: light</li><li>Visibility: {c} miles</li></ul>",
        ],
        tags: &["tides", "brest"],
    },
    Story {
        path: "/tides/saint-malo.rss",
        title: "Tides at Saint-Malo",
        about: "The largest tides of the coast, twice a day and more often here.",
        author: "Harbour office",
        format: Format::Rss,
        rhythm_s: 3,
        backlog: 5,
        headlines: &[
            "Causeway open until {t}",
            "Causeway closed at {t}",
            "Coefficient {n}: mind the spray",
            "The pool below the walls is filling",
        ],
        bodies: &[
            "<p>The causeway to the fort is passable until <time>{t}</time>. Bring dry socks.</p>",
            "<p>Water at the sill: {m} m. The lock opens at {t} for {c} boats.</p>",
        ],
        tags: &["tides", "saint-malo"],
    },
    Story {
        path: "/tides/cuxhaven.rdf",
        title: "Tides at Cuxhaven",
        about: "Heights above chart datum, old form, good numbers.",
        author: "Pegel",
        format: Format::Rdf,
        rhythm_s: 4,
        backlog: 7,
        headlines: &["Pegel {m} m at {t}", "Ebb begins at {t}", "Flood begins at {t}"],
        bodies: &[
            "<p>The gauge at the old pier shows {m} m; {c} ships wait for water.</p>",
            "<p>Mudflats are dry until {t}. Walkers: turn back in time.</p>",
        ],
        tags: &["tides", "cuxhaven"],
    },
    Story {
        path: "/tides/bay-of-fundy.json",
        title: "Tides in the Bay of Fundy",
        about: "Nowhere do they come higher.",
        author: "Fundy watch",
        format: Format::Json,
        rhythm_s: 5,
        backlog: 4,
        headlines: &["The bore came through at {t}", "Rocks uncovered since {t}", "Range today: 1{m} m"],
        bodies: &[
            "<p>The river turned around at {t}, and {c} people clapped.</p>",
            "<p>You may walk on the ocean floor for another {c} hours.</p>",
        ],
        tags: &["tides", "fundy"],
    },
    Story {
        path: "/harbour/arrivals.rss",
        title: "Arrivals",
        about: "Who has made fast, and where.",
        author: "Harbour office",
        format: Format::Rss,
        rhythm_s: 2,
        backlog: 8,
        headlines: &[
            "Berth {c}: the Marie-Louise is in",
            "Berth {c}: the Petrel is in",
            "Berth {c}: the Anna of Husum is in",
            "Berth {c}: the Good Intent is in",
            "Berth {c}: a boat without a name is in",
        ],
        bodies: &[
            "<p>Made fast at {t} with a draught of {m} m. Cargo: <em>onions and news</em>.</p>",
            "<p>In at {t}, {c} on board, all well.</p>",
        ],
        tags: &["harbour", "arrivals"],
    },
    Story {
        path: "/harbour/departures.atom",
        title: "Departures",
        about: "Who has let go, and when they want to be back.",
        author: "Harbour office",
        format: Format::Atom,
        rhythm_s: 3,
        backlog: 6,
        headlines: &[
            "Out at {t}: the Petrel",
            "Out at {t}: the Marie-Louise",
            "Out at {t}: the dredger, as ever",
            "Out at {t}: the Good Intent",
        ],
        bodies: &[
            "<p>Let go at {t}, bound for the outer banks. Expected back in {c} hours.</p>",
            "<p>Out on {m} m of water with {c} crates of ice.</p>",
        ],
        tags: &["harbour", "departures"],
    },
    Story {
        path: "/harbour/notices.rdf",
        title: "Notices to mariners",
        about: "Buoys, lights and other things that are not where the chart says.",
        author: "Harbour master",
        format: Format::Rdf,
        rhythm_s: 7,
        backlog: 5,
        headlines: &[
            "Notice {n}: buoy {c} adrift",
            "Notice {n}: depth off the mole {m} m",
            "Notice {n}: buoy {c} back in place",
        ],
        bodies: &[
            "<p>Buoy {c} was seen moving west at {t}. It was told to return.</p>",
            "<p>Sounded at {t}: <strong>{m} m</strong> at low water. Correct your charts.</p>",
        ],
        tags: &["harbour", "notices"],
    },
    Story {
        path: "/market/oysters.json",
        title: "The oyster stall",
        about: "What came up today, by the dozen.",
        author: "Yann",
        format: Format::Json,
        rhythm_s: 4,
        backlog: 6,
        headlines: &["{c} dozen creuses, size {c}", "Flat oysters since {t}", "Lemons are out; lemons are back"],
        bodies: &[
            "<p>Opened while you wait. Bed {n}, <em>very</em> salty.</p>",
            "<p>From {m} m of water, landed at {t}. Bread is next door.</p>",
        ],
        tags: &["market"],
    },
    Story {
        path: "/market/bread.rss",
        title: "The bakery by the slip",
        about: "When the oven opens.",
        author: "Solveig",
        format: Format::Rss,
        rhythm_s: 6,
        backlog: 4,
        headlines: &["Rye at {t}", "Seaweed butter rolls, {c} left", "The oven is cold until {t}"],
        bodies: &[
            "<p>Batch {n} is out of the oven. It smells as far as berth {c}.</p>",
            "<p>Only {c} left. No reservations, no exceptions, good morning.</p>",
        ],
        tags: &["market", "bread"],
    },
    Story {
        path: "/birds/puffins.atom",
        title: "Puffin count",
        about: "Counted from the north ledge with one good pair of binoculars.",
        author: "Isla and the volunteers",
        format: Format::Atom,
        rhythm_s: 5,
        backlog: 7,
        headlines: &[
            "{c} puffins at {t}",
            "Count {n}: {c} puffins and one lost tourist",
            "Sand eels seen in {c} beaks",
        ],
        bodies: &[
            "<p>Counted at {t} in light rain: {c} adults, all busy.</p>",
            "<p>The ledge at {m} m is taken again. See <a href=\"/birds/ledge\">the map</a>.</p>",
        ],
        tags: &["birds", "puffins"],
    },
    Story {
        path: "/birds/ringing.rss",
        title: "The ringing hut",
        about: "Rings read and rings given.",
        author: "Isla and the volunteers",
        format: Format::Rss,
        rhythm_s: 8,
        backlog: 5,
        headlines: &[
            "Ring {n} read on a turnstone",
            "{c} dunlins ringed before {t}",
            "Ring {n}: an old friend from Iceland",
        ],
        bodies: &[
            "<p>Ring {n} was last read {c} winters ago on the other side of the sea.</p>",
            "<p>Wing {m} dm (a joke; it was a wren). Released at {t}.</p>",
        ],
        tags: &["birds", "ringing"],
    },
    Story {
        path: "/whales/sightings.json",
        title: "Whale sightings",
        about: "Seen from the cliff path; please write down which way they went.",
        author: "The cliff path",
        format: Format::Json,
        rhythm_s: 6,
        backlog: 5,
        headlines: &["A blow off the point at {t}", "{c} porpoises, heading south", "Something large, {c} miles out"],
        bodies: &[
            "<p>Seen at {t} for {c} minutes. Photograph to follow; it shows a wave.</p>",
            "<p>{c} of them, close in, on {m} m of water.</p>",
        ],
        tags: &["whales"],
    },
    Story {
        path: "/kelp/garden.atom",
        title: "The kelp garden",
        about: "A diary from below the pier.",
        author: "Rockpool lab",
        format: Format::Atom,
        rhythm_s: 9,
        backlog: 4,
        headlines: &["Frond {n} has grown {c} cm", "An octopus took the thermometer", "Urchins: {c}. Patience: little"],
        bodies: &[
            "<p>Measured at {t}, at a depth of {m} m. The water had {c} degrees.</p>",
            "<p>The thermometer was found {m} m away, arranged with shells.</p>",
        ],
        tags: &["kelp", "science"],
    },
    Story {
        path: "/boats/for-sale.rss",
        title: "Boats for sale",
        about: "Loved ones looking for new hands.",
        author: "The noticeboard",
        format: Format::Rss,
        rhythm_s: 7,
        backlog: 6,
        headlines: &["Dinghy, {m} m, dry", "Sloop, {m} m, nearly dry", "Half a catamaran"],
        bodies: &[
            "<p>Length {m} m, last painted {c} summers ago. Call after {t}; ask for Nils.</p>",
            "<p>Comes with {c} fenders and a cat that will not leave.</p>",
        ],
        tags: &["boats"],
    },
    Story {
        path: "/regatta/results.json",
        title: "Regatta results",
        about: "Race by race, protest by protest.",
        author: "Race committee",
        format: Format::Json,
        rhythm_s: 3,
        backlog: 5,
        headlines: &[
            "Race {n}: Petrel by {c} lengths",
            "Race {n}: Good Intent, after a protest",
            "Race {n} abandoned: no wind",
        ],
        bodies: &[
            "<ol><li>Petrel</li><li>Good Intent</li><li>Anna of Husum</li></ol><p>Start at {t}, {c} boats.</p>",
            "<p>No wind since {t}. There was cake.</p>",
        ],
        tags: &["regatta"],
    },
    Story {
        path: "/radio/coast-station.rss",
        title: "Coast station log",
        about: "What was said on channel 16.",
        author: "The operator",
        format: Format::Rss,
        rhythm_s: 2,
        backlog: 7,
        headlines: &[
            "{t}: radio check, loud and clear",
            "{t}: all ships, a floating piano",
            "{t}: good night to all stations",
        ],
        bodies: &[
            "<p>Call {n} of the watch. <q>Your bearing, please?</q> <q>Cheerful.</q></p>",
            "<p>Logged at {t}. {c} stations answered.</p>",
        ],
        tags: &["radio"],
    },
    Story {
        path: "/recipes/galley.rdf",
        title: "From the galley",
        about: "What to cook in a swell.",
        author: "The cook",
        format: Format::Rdf,
        rhythm_s: 8,
        backlog: 6,
        headlines: &["Soup for {c}", "Pancakes at {m} m of swell", "Coffee, {c} ways"],
        bodies: &[
            "<p>Take {c} onions. Hold on to them. Stir until {t}.</p>",
            "<p>Best before the next wave. Serves {c}.</p>",
        ],
        tags: &["galley"],
    },
    Story {
        path: "/museum/curiosities.atom",
        title: "The museum's attic",
        about: "One thing from the attic at a time.",
        author: "The curator",
        format: Format::Atom,
        rhythm_s: 9,
        backlog: 5,
        headlines: &["Object {n}: a bottle with a letter", "Object {n}: a ship in a bottle", "Object {n}: a bottle"],
        bodies: &[
            "<p>Found {c} winters ago, {m} m below the stairs. Provenance: the sea.</p>",
            "<p>On view from {t}. Please do not shake it.</p>",
        ],
        tags: &["museum"],
    },
    Story {
        path: "/rescue/log.rss",
        title: "Lifeboat log",
        about: "Launches and happy returns.",
        author: "Lifeboat crew",
        format: Format::Rss,
        rhythm_s: 5,
        backlog: 6,
        headlines: &[
            "Launch {n}: a kite surfer, returned",
            "Launch {n}: a rubber boat, towed",
            "Launch {n}: false alarm, a seal",
        ],
        bodies: &[
            "<p>Launched at {t}, back in {c} minutes. All safe.</p>",
            "<p>Tow of {m} miles on calm water. Tea was served.</p>",
        ],
        tags: &["rescue"],
    },
    Story {
        path: "/school/rockpools.json",
        title: "Class 4 looks into rockpools",
        about: "Written by the children, corrected by the teacher, twice.",
        author: "Class 4",
        format: Format::Json,
        rhythm_s: 6,
        backlog: 4,
        headlines: &["We found {c} crabs", "The anemone said nothing", "{c} shrimps and my shoe"],
        bodies: &[
            "<p>The pool was {m} m long and the crab was this big.</p>",
            "<p>We looked until {t}. Then it rained. Then we looked more.</p>",
        ],
        tags: &["school", "science"],
    },
];

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

//! What a server is told to be: the public scripts, their knobs, and the list of what they offer.
//!
//! Owns: the choice and its settings. Must not know: sockets. Called by whoever starts a server.

use std::time::Duration;

use crate::faults::FaultTimes;
use crate::site::Site;
use crate::time::Pace;
use crate::{demo, faults, load};

/// A server's script.
pub struct Script {
    pub(crate) part: Part,
    pub(crate) pace: Pace,
    pub(crate) validators: bool,
}

/// Which engine plays the script.
pub(crate) enum Part {
    /// Well-formed HTTP, by hyper.
    Site(Site),
    /// Bytes as they should not be, by hand.
    Faults(FaultTimes),
}

/// The knobs of [`Script::demo_with`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoTimes {
    /// How many of the newest items a feed shows: 20.
    pub window: usize,
    /// How many requests the lighthouse answers with 503 before it recovers: 2.
    pub failing_requests: u64,
    /// How long the slow boat takes to answer: 3 s.
    pub slow_by: Duration,
    /// The busy bureau answers one request in so many with 429, the first one among them: 4. With 1 all of them.
    pub busy_one_in: u64,
    /// Its `Retry-After`; whole seconds: 4 s.
    pub retry_after: Duration,
}

/// How an address behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Gains an item each `rhythm`.
    Steady {
        /// From one item to the next.
        rhythm: Duration,
    },
    /// Answers its first requests with 503, then as a steady feed.
    FailsFirst {
        /// How many.
        requests: u64,
    },
    /// Answers late.
    Slow {
        /// How late.
        by: Duration,
    },
    /// 301 to another path.
    Moved {
        /// The path where the feed is now.
        to: String,
    },
    /// An HTML page whose head names the feed.
    Page {
        /// The feed's path.
        feed: String,
    },
    /// 410.
    Gone,
    /// 429 with `Retry-After`, one request in so many.
    Busy {
        /// One in so many; the first request is one of them.
        one_in: u64,
        /// What `Retry-After` says.
        retry_after: Duration,
    },
    /// The same bytes for ever (load).
    Still,
    /// A fault, as its path says.
    Fault,
}

/// An address that a user of the script would add as a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The whole URL.
    pub url: String,
    /// Its path, the key in the books. Of a fault, what stands in the books is the path's first part.
    pub path: String,
    /// For people.
    pub title: String,
    /// What to expect of it.
    pub behaviour: Behaviour,
}

impl Listing {
    /// The URL is filled in when the server has an address.
    pub(crate) fn new(path: &str, title: &str, behaviour: Behaviour) -> Self {
        Self { url: String::new(), path: path.to_owned(), title: title.to_owned(), behaviour }
    }
}

impl Script {
    /// Twenty feeds (RSS, Atom, JSON Feed, RDF) that gain items, each at its own rhythm between 2 and 9 seconds, and six
    /// addresses in trouble: failing at first, slow, moved, an HTML page, gone, busy.
    #[must_use]
    pub fn demo() -> Self {
        Self::demo_with(DemoTimes::default())
    }

    /// [`Script::demo`] with its knobs.
    #[must_use]
    pub fn demo_with(times: DemoTimes) -> Self {
        Self::new(Part::Site(demo::site(times)))
    }

    /// `feeds` distinct RSS feeds of `items` items, `/load/00000.xml` and on: about 1.2 KB an item, all bytes made at the
    /// start (500 feeds of 20 items: 12 MB). The same seed gives the same bytes.
    #[must_use]
    pub fn load(feeds: usize, items: usize, seed: u64) -> Self {
        Self::new(Part::Site(load::site(feeds, items, seed)))
    }

    /// Answers that break clients; the paths and their parameters are listed at `faults`, and by the server's `/`.
    #[must_use]
    pub fn faults() -> Self {
        Self::faults_with(FaultTimes::default())
    }

    /// [`Script::faults`] with other durations.
    #[must_use]
    pub fn faults_with(times: FaultTimes) -> Self {
        Self::new(Part::Faults(times))
    }

    fn new(part: Part) -> Self {
        Self { part, pace: Pace::Real, validators: true }
    }

    /// Whose clock makes feeds grow; the real one unless told.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Whether `ETag` and `Last-Modified` are sent and looked at; they are unless told.
    #[must_use]
    pub fn validators(mut self, on: bool) -> Self {
        self.validators = on;
        self
    }

    /// The paths the books have accounts for.
    pub(crate) fn accounts(&self) -> Vec<String> {
        match &self.part {
            Part::Site(site) => site.paths(),
            Part::Faults(_) => faults::ACCOUNTS.iter().map(|&path| path.to_owned()).collect(),
        }
    }

    /// Listings with the address of each listener: the main one, and the one that stands apart.
    pub(crate) fn listings(&self, main: &str, apart: &str) -> Vec<Listing> {
        match &self.part {
            Part::Site(site) => site.listings(main, apart),
            Part::Faults(_) => faults::listings(main),
        }
    }
}

//! Handles that mean something: every outcome without a script.
//!
//! Owns: the prefixes. The list for people is in `README.md`. Called by `published` and by the actors.

/// What a handle's prefix asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// No prefix: an account like others.
    None,
    /// `fast_`: a post every 10 to 20 s, from the emulator's start on.
    Fast,
    /// `private_`: nothing to see for strangers.
    Private,
    /// `missing_`: does not exist.
    Missing,
    /// `blocked_`: the platform blocks the actor.
    Blocked,
    /// `empty_`: the run's dataset is empty.
    Empty,
    /// `noresults_`: `noResults` rows on X, an empty dataset on Instagram.
    NoResults,
    /// `demo_`: rows of a free plan on X.
    Demo,
    /// `mock_`: padding rows only.
    Mock,
    /// `drift_`: fields with other types than usual.
    Drift,
    /// `failing_`: the run FAILED after a part of its items.
    Failing,
    /// `timingout_`: the run is TIMED-OUT after half of its items.
    TimingOut,
    /// `slow_`: the run takes ten times as long.
    Slow,
}

const PREFIXES: [(&str, Special); 12] = [
    ("fast_", Special::Fast),
    ("private_", Special::Private),
    ("missing_", Special::Missing),
    ("blocked_", Special::Blocked),
    ("empty_", Special::Empty),
    ("noresults_", Special::NoResults),
    ("demo_", Special::Demo),
    ("mock_", Special::Mock),
    ("drift_", Special::Drift),
    ("failing_", Special::Failing),
    ("timingout_", Special::TimingOut),
    ("slow_", Special::Slow),
];

impl Special {
    /// By the prefix of a handle in lower case.
    pub(crate) fn of(handle: &str) -> Self {
        PREFIXES.iter().find(|(prefix, _)| handle.starts_with(prefix)).map_or(Self::None, |(_, special)| *special)
    }

    /// Whether the account shows no posts.
    pub(crate) fn is_silent(self) -> bool {
        matches!(
            self,
            Self::Private | Self::Missing | Self::Blocked | Self::Empty | Self::NoResults | Self::Demo | Self::Mock
        )
    }
}

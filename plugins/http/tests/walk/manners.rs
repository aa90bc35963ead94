//! The manners of servers, by name.
//!
//! Owns: what there is. Must not know: what a server does then, which stands in [`super::server`].

/// What a server does wrong once, at the third page of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// It does not have the page.
    NotFound,
    /// It does not like the request.
    BadRequest,
    /// It names the page itself as the next one.
    NamesItself,
    /// This page and the two after it are empty, and each says that more follows.
    ThreeEmpty,
    /// It says that more follows, and not where.
    NoCursor,
    /// It has null instead of its records, and names the next page.
    NullList,
}

impl Mishap {
    pub(crate) const ALL: [Self; 6] =
        [Self::NotFound, Self::BadRequest, Self::NamesItself, Self::ThreeEmpty, Self::NoCursor, Self::NullList];
}

/// How a server says that it has forgotten a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// With this status.
    Status(u16),
    /// With an error in the body of a 200.
    Told,
    /// With a page that has no records and names no other.
    Empty,
    /// With a page of words.
    Words,
}

impl Expiry {
    pub(crate) const ALL: [Self; 9] = [
        Self::Status(400),
        Self::Status(401),
        Self::Status(403),
        Self::Status(451),
        Self::Status(500),
        Self::Status(503),
        Self::Told,
        Self::Empty,
        Self::Words,
    ];
}

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should.
    Good,
    /// Its third page is the last one it gets to: its cursor, link or content repeats.
    Repeats,
    /// Whatever is asked, it is the first page.
    Ignores,
    /// Beyond the last page there is the last page again.
    Clamps,
    /// Beyond the last page there are empty ones, and each says that more follows.
    Endless,
    /// Its totals and its "more" say that more follows, always.
    WrongTotals,
    /// The next page is at another host.
    Elsewhere,
    /// Pages are shorter than was asked for.
    Short,
    /// The second and third page are empty.
    Gaps,
    /// Behind the last record comes the first.
    Wraps,
    /// A cursor or link of an earlier run is refused.
    Expires,
    /// Its last page leads back to its third one.
    Circles,
}

impl Manner {
    pub(crate) const ALL: [Self; 12] = [
        Self::Good,
        Self::Repeats,
        Self::Ignores,
        Self::Clamps,
        Self::Endless,
        Self::WrongTotals,
        Self::Elsewhere,
        Self::Short,
        Self::Gaps,
        Self::Wraps,
        Self::Expires,
        Self::Circles,
    ];
}

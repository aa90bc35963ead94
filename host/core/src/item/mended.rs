//! What the host left out of items or cut, so that nothing is lost without a word.
//!
//! Owns: the kinds of it, the first example of each, and the sentences, which become warnings of the run. Must not know: what else an
//! item has. Filled by `accept` and `belongings` for each page.

use std::collections::BTreeMap;

use crate::limits;
use crate::one_line::quoted;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A time that cannot be read.
    NoTime,
    /// A time that has not come.
    Future,
    /// An address that leads nowhere, or runs where it is opened.
    NoAddress,
    /// Something that names, and is too long to.
    TooLong,
    /// A text that was cut at this many bytes.
    Cut(usize),
    /// Another element with the same id, of which nothing says which one is newer.
    Double,
}

/// The first of its kind, and how many others there were.
#[derive(Debug)]
struct First {
    element: u32,
    example: String,
    others: u32,
}

/// What was mended of one page.
#[derive(Debug, Default)]
pub(super) struct Mended {
    /// The element that is looked at.
    pub(super) element: u32,
    found: BTreeMap<(&'static str, What), First>,
}

impl Mended {
    /// Notes that this was done to a field, which held this.
    pub(super) fn note(&mut self, field: &'static str, what: What, held: &str) {
        let element = self.element;
        let first = || First { element, example: quoted(held), others: 0 };
        let place = self.found.entry((field, what));
        place.and_modify(|first| first.others = first.others.saturating_add(1)).or_insert_with(first);
    }

    /// A sentence for each kind.
    pub(super) fn told(&self) -> impl Iterator<Item = String> {
        self.found.iter().map(|((field, what), first)| {
            let First { element, example, others } = first;
            let sentence = match what {
                What::NoTime => {
                    format!("{field} {example} of element {element} is no RFC 3339 time and counts as unknown")
                }
                What::Future => {
                    let minutes = limits::FUTURE_SKEW.as_secs() / 60;
                    format!(
                        "{field} {example} of element {element} is more than {minutes} minutes in the future and counts as unknown"
                    )
                }
                What::NoAddress => {
                    format!("{field} {example} of element {element} is no absolute URL that may be opened and is left out")
                }
                What::TooLong => format!("{field} {example} of element {element} is too long and is left out"),
                What::Cut(most) => format!("{field} {example} of element {element} is longer than {most} bytes and is cut"),
                What::Double => format!(
                    "{field} {example} of element {element} was that of another element too, with other content; the later one counts"
                ),
            };
            if *others == 0 { sentence } else { format!("{sentence}; so it is with {others} more") }
        })
    }
}

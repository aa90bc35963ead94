//! How far a page brings a run, and where to go on.
//!
//! Owns: the rules by which a sweep ends, goes on, or is given up, and what is true if the run ends with this page. Must not know:
//! requests, JSON. Called by [`crate::answer`] for each page.
//!
//! What keeps it bounded: pages of a run are counted; a page that was asked for is not asked for again; pages that bring nothing
//! the run has not seen end a listing. What keeps it whole: the mark moves only when a sweep has come to what was known, or to the
//! end of the listing; what proves nothing (a cursor that repeats itself, a page the server refuses) gives the sweep up and leaves
//! the mark, also where there is none yet. Empty pages that say that more follows are gone on behind by the next run before they
//! are believed to be the end.

use tidegate_plugin_kit::Job;

use crate::circle::Circle;
use crate::mark::Mark;
use crate::meeting::{meet, reached, vanished};
use crate::paging::{Next, Position};
use crate::place::Place;
use crate::settings::{Order, Settings};
use crate::state::State;
use crate::template::Name;

/// What a page held.
#[derive(Debug, Default, Clone)]
pub struct Held {
    /// Its records.
    pub count: u64,
    /// Those that the run had not seen before.
    pub fresh: usize,
    /// The mark and the id of each record that has them, in order.
    pub marks: Vec<(Mark, String)>,
    /// The ids of all records, in order.
    pub ids: Vec<String>,
    /// Whether the answer says that more follows.
    pub more: bool,
}

/// What follows from a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is true if the run ends with this page. None: what was true before it.
    pub place: Option<Place>,
    /// The next page of this run.
    pub next: Option<State>,
    /// For a person.
    pub warning: Option<String>,
    /// Why the listing cannot be read on, if that is a failure.
    pub trouble: Option<String>,
}

enum Way {
    /// On to the next page.
    On(Position),
    /// On to the next page, but not in this run.
    Later(Position),
    /// The sweep is whole.
    Whole,
    /// The sweep cannot be made whole.
    Stuck(String),
}

/// Judges a page.
pub fn judge(job: &Job, settings: &Settings, mut state: State, held: &Held, next: Next) -> Verdict {
    let before = state.clone();
    let ends = match &next {
        Next::End => true,
        Next::At(at) => before.has_asked(at),
        _ => false,
    };
    if ends && vanished(&before, held, settings) {
        let why = "there are no records any more and nothing follows, although more was said to follow";
        return refused(job, settings, &before, why);
    }
    meet(&mut state.place, before.pages, held, settings);
    let records = u32::try_from(held.count).unwrap_or(u32::MAX);
    let over = state.place.left.is_some_and(|left| records > left);
    state.place.left = state.place.left.map(|left| left.saturating_sub(records));
    let mut warning = None;
    let way = match next {
        Next::Refused(why) => return Verdict { trouble: Some(why), ..Verdict::default() },
        _ if reached(&before.place, held, settings) => Way::Whole,
        Next::End => Way::Whole,
        Next::Nowhere(why) => Way::Stuck(why),
        Next::At(at) => {
            let round = at.is_told() && state.place.circle.comes_round(&at.written());
            match on(settings, &before, &state, held, at, &mut warning) {
                Way::On(_) | Way::Later(_) if round => Way::Stuck(
                    "the server's cursors or links go round in a circle: one leads back to where it led before"
                        .to_owned(),
                ),
                way => way,
            }
        }
    };
    let mut verdict = match settings.incremental.order {
        Order::OldestFirst => upwards(job, settings, &before, &state, held, way, over),
        Order::Any | Order::NewestFirst => downwards(job, settings, &before, state, way),
    };
    verdict.warning = verdict.warning.or(warning);
    verdict
}

/// The judgement on a page the server does not have (any more): a position of an earlier run, or one beyond what it serves.
pub fn refused(job: &Job, settings: &Settings, state: &State, why: &str) -> Verdict {
    let given_up = state.place.clone().given_up();
    if state.pages == 0 {
        let next = Some(state.anew(given_up.clone(), job, settings));
        let warning = format!(
            "the place where the run before ended is not served: {why}; the listing is read from its beginning"
        );
        return Verdict { place: Some(given_up), next, warning: Some(warning), trouble: None };
    }
    Verdict { place: Some(given_up), warning: Some(format!("{why}; what follows was not read")), ..Verdict::default() }
}

fn on(
    settings: &Settings,
    before: &State,
    state: &State,
    held: &Held,
    at: Position,
    warning: &mut Option<String>,
) -> Way {
    let paging = &settings.paging;
    let told = paging.is_told() || held.more;
    if !told && before.pages > 0 && (held.fresh == 0 || repeats(settings, before, held)) {
        return Way::Stuck("a further page brought only records of the pages before it: the server repeats them, or does not know the parameter of the paging".to_owned());
    }
    let empty = state.place.empty;
    if empty >= paging.empty_pages && held.count > 0 {
        return Way::Stuck(format!(
            "{empty} pages in a row brought nothing new, and the server says that more follows"
        ));
    }
    if state.has_asked(&at) {
        return if held.count == 0 {
            Way::Whole
        } else {
            Way::Stuck(
                "the server names a page as the next one that was read already: its cursor or link repeats itself"
                    .to_owned(),
            )
        };
    }
    // Once is no proof: a server may have been at odds with itself. As many again, in a run that went on behind them, are the end.
    if empty == paging.empty_pages {
        *warning = Some(format!(
            "{empty} pages in a row brought nothing, and the server says that more follows: the next run goes on there"
        ));
        return Way::Later(at);
    }
    if empty >= paging.empty_pages.saturating_mul(2) {
        *warning = Some(format!(
            "{empty} pages in a row brought nothing, and the server says that more follows: that was taken for the end; if there \
             is more, raise \"empty_pages\" of the setting \"paging\""
        ));
        return Way::Whole;
    }
    Way::On(at)
}

/// Whether a page of a listing that grows at its end holds records of the page before it: beyond its end the server shows its last
/// page again. (The first page of a run is the last one of the run before on purpose.)
fn repeats(settings: &Settings, before: &State, held: &Held) -> bool {
    let grows = settings.incremental.order == Order::OldestFirst;
    grows && held.ids.iter().any(|id| before.place.last.has(id))
}

fn spent(job: &Job, settings: &Settings, state: &State) -> bool {
    state.pages + 1 >= settings.paging.max_pages.min(job.max_pages)
}

/// Listings with the newest first, and those whose order is not known.
fn downwards(job: &Job, settings: &Settings, before: &State, state: State, way: Way) -> Verdict {
    // The first sweep of a source brings what its first run may store; what is older is left.
    // Over several runs that holds only where it is known that older ones follow.
    let filled = state.place.left == Some(0) && (before.first || settings.incremental.order == Order::NewestFirst);
    match way {
        Way::On(_) | Way::Later(_) | Way::Stuck(_) if filled => {
            Verdict { place: Some(state.place.whole()), ..Verdict::default() }
        }
        Way::On(at) => {
            let next = state.next(at);
            let place = Some(next.place.clone());
            if spent(job, settings, &state) {
                let warning = Some(format!("more follows after {} pages: the next run goes on there", state.pages + 1));
                return Verdict { place, warning, ..Verdict::default() };
            }
            Verdict { place, next: Some(next), ..Verdict::default() }
        }
        Way::Later(at) => Verdict { place: Some(state.next(at).place), ..Verdict::default() },
        Way::Whole => {
            let place = state.place.clone().whole();
            // What is new since that sweep began stands at the top.
            let again =
                (state.resumed && !spent(job, settings, &state)).then(|| state.anew(place.clone(), job, settings));
            Verdict { place: Some(place), next: again, ..Verdict::default() }
        }
        Way::Stuck(why) => {
            Verdict { place: Some(before.place.clone().given_up()), warning: Some(why), ..Verdict::default() }
        }
    }
}

/// Listings with the newest last: each page that is read is read for good.
fn upwards(
    job: &Job,
    settings: &Settings,
    before: &State,
    state: &State,
    held: &Held,
    way: Way,
    over: bool,
) -> Verdict {
    let here = last(before, held, &way);
    if before.first && over {
        // More than a first run may store: the page is read again by the next one.
        let place = Place { left: None, most: None, ..before.place.clone() };
        return Verdict { place: Some(place), ..Verdict::default() };
    }
    let low = Mark::later(state.place.low.clone(), state.place.high.clone());
    let asks_since = settings.uses(Name::Since);
    // From the last page with records the way to what follows is gone again, which is no circle.
    let stay = |at: Position| Place {
        low: low.clone(),
        left: None,
        most: None,
        empty: 0,
        circle: if at == here { Circle::default() } else { state.place.circle },
        at: Some(at),
        ..state.place.clone()
    };
    match way {
        Way::On(at) if spent(job, settings, state) => {
            let warning = Some(format!("more follows after {} pages: the next run goes on there", state.pages + 1));
            // A page that is asked for by its number may not have been full yet. A cursor or link says that something follows.
            let place = match at {
                Position::Page(_) if held.fresh > 0 || held.count == 0 => stay(here.clone()),
                at => Place { empty: state.place.empty, ..stay(at) },
            };
            Verdict { place: Some(place), warning, ..Verdict::default() }
        }
        Way::Later(at) => {
            let place = Place { empty: state.place.empty, ..stay(at) };
            Verdict { place: Some(place), ..Verdict::default() }
        }
        Way::On(at) => {
            let next = state.next(at.clone());
            Verdict { place: Some(stay(at)), next: Some(next), ..Verdict::default() }
        }
        Way::Whole | Way::Stuck(_) => {
            let place = if asks_since { state.place.clone().whole() } else { stay(here.clone()) };
            let warning = if let Way::Stuck(why) = way { Some(why) } else { None };
            Verdict { place: Some(place), warning, ..Verdict::default() }
        }
    }
}

/// Where a listing that grows at its end is gone on with: at the last page that had records of its own, as it may have more by then.
fn last(before: &State, held: &Held, way: &Way) -> Position {
    let own = held.count > 0 && !matches!(way, Way::Stuck(_));
    let filled = before.place.filled.clone().filter(|_| !own);
    filled.unwrap_or_else(|| before.at())
}

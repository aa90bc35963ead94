//! What a page tells of the sweep it belongs to.
//!
//! Owns: the marks and ids that are taken note of, and when a page shows that the sweep has come to what is known, or that its position
//! is forgotten. Must not know: what follows from that. Called by [`crate::sweep`].

use std::cmp::Ordering;

use crate::hashes::Hashes;
use crate::limits;
use crate::mark::Mark;
use crate::place::Place;
use crate::settings::{Order, Settings};
use crate::state::State;
use crate::sweep::Held;

/// Whether a page with which a run goes on has nothing where an answer said that more follows: a cursor that is forgotten may be
/// answered so. Where pages are numbered that is how a listing ends, and behind empty pages it is the end that was waited for.
pub fn vanished(state: &State, held: &Held, settings: &Settings) -> bool {
    let gone = settings.paging.is_told() && held.count == 0 && state.is_kept(settings);
    gone && match settings.incremental.order {
        // Its next page may have been empty before, and the last one that was not is where it is looked for more.
        Order::OldestFirst => state.place.filled == state.place.at,
        Order::Any | Order::NewestFirst => state.place.empty < settings.paging.empty_pages,
    }
}

/// Takes note of a page.
pub fn meet(place: &mut Place, pages: u32, held: &Held, settings: &Settings) {
    let order = settings.incremental.order;
    let is_start = place.at.as_ref() == Some(&settings.paging.start());
    let middle = Mark::middle(held.marks.iter().map(|(mark, _)| mark));
    for (mark, id) in &held.marks {
        // What is published while a sweep is under way may stand on pages it has passed, and before what is dated ahead.
        let mark = &mark.clone().not_after(place.begun);
        match (order, mark) {
            // Each page is read for good. Position tells what ids without an order do not.
            (Order::OldestFirst, Mark::Id(_)) if !mark.is_ordered() => place.high = Some(mark.clone()),
            (Order::OldestFirst, _) | (Order::Any, Mark::Time(_)) => {
                place.high = Mark::later(place.high.take(), Some(mark.clone()));
            }
            // Ids have no clock: what comes later is above those of the first page.
            _ if !is_start => {}
            (Order::NewestFirst, _) if !mark.is_ordered() => {
                place.high.get_or_insert_with(|| mark.clone());
            }
            // One record may have any id: of those of a page the middle one is no exception. What is above it is known by name.
            (_, Mark::Id(_)) if mark.is_above(middle) => {}
            _ => place.high = Mark::later(place.high.take(), Some(mark.clone())),
        }
        // Of the first page alone: later ones may hold what was published while the sweep was under way.
        if order == Order::NewestFirst && is_start && (!mark.is_ordered() || mark.is_above(middle)) {
            place.top.add(id, limits::TOP);
        }
    }
    // A listing that grows at its end is begun with a page that is known.
    let again = order == Order::OldestFirst && pages == 0 && held.count > 0;
    if held.fresh > 0 {
        place.empty = 0;
    } else if !again {
        place.empty = place.empty.saturating_add(1);
    }
    if !held.ids.is_empty() {
        place.filled = place.at.clone();
        place.last = Hashes::default();
        for id in &held.ids {
            place.last.add(id, limits::TOP);
        }
    }
}

/// Whether a listing with the newest first has come to what is known: with the last half of a page. Pinned records stand at the top, and
/// one record that is out of its order proves nothing.
pub fn reached(place: &Place, held: &Held, settings: &Settings) -> bool {
    let incremental = &settings.incremental;
    let (Order::NewestFirst, Some(low)) = (incremental.order, &place.low) else { return false };
    let known = |(mark, id): &(Mark, String)| match (mark, low) {
        (Mark::Time(at), Mark::Time(low)) => at <= low,
        _ if mark.is_ordered() && low.is_ordered() && mark.compare(low).is_some_and(Ordering::is_le) => true,
        _ => mark == low || place.known.has(id),
    };
    // Others of the last one's moment may stand on the next page, and be new.
    let passed = |(mark, _): &(Mark, String)| match (mark, low) {
        (Mark::Time(at), Mark::Time(low)) => *at < low.saturating_sub(incremental.overlap_ms),
        _ => true,
    };
    let marks = &held.marks;
    let half = marks.len().div_ceil(2);
    if marks.last().is_some_and(passed) && marks.iter().rev().take(half).all(known) {
        return true;
    }
    // Ids without an order are known by name, and no more of them than a page: its end may stand in the first half of the next one.
    let unordered = marks.iter().any(|(mark, _)| !mark.is_ordered());
    let is_start = place.at.as_ref() == Some(&settings.paging.start());
    let enough = marks.len().min(place.known.len()).div_ceil(2);
    unordered && !is_start && enough > 0 && marks.iter().filter(|one| known(one)).count() >= enough
}

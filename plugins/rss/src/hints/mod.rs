//! What a feed asks of whoever fetches it.
//!
//! Owns: joining what the feed says (`ttl`, `sy:*`, `skipHours`, `skipDays`, hubs) with what the server says
//! (`Cache-Control`, `Expires`, `Link`). Called by [`crate::answer`].

pub mod freshness;
pub mod interval;

use tidegate_plugin_kit::{Hints, HttpResponse, links};

use crate::limits;
use crate::model::{Field, Node};

/// The hints of an answer, and of the feed in it where there is one. None if nobody asks for anything.
pub fn of(response: &HttpResponse, feed: Option<&Node>, complete: bool, now: &str) -> Option<Hints> {
    let mut hints =
        Hints { fresh_for_s: freshness::seconds(&response.headers, now).map(f64::from), complete, ..Hints::none() };
    let mut hubs: Vec<String> = Vec::new();
    let fields = links::of(&response.headers, &response.final_url);
    for link in fields.iter().filter(|link| link.rel.iter().any(|rel| rel == "hub")) {
        hubs.push(link.url.clone());
    }
    hints.topic = links::target(&fields, "self", &response.final_url).map(str::to_owned);
    if let Some(feed) = feed {
        hints.min_interval_s = interval::seconds(&feed.fields).map(f64::from);
        hints.skip_hours = interval::skip_hours(&feed.fields);
        hints.skip_days = interval::skip_days(&feed.fields);
        hints.complete |= feed.fields.get(Field::Complete).is_some_and(|value| value.eq_ignore_ascii_case("yes"));
        let of_rel = |rel: &'static str| {
            feed.links.iter().filter(move |link| link.rel == rel).filter_map(|link| link.href.clone())
        };
        hubs.extend(of_rel("hub"));
        hints.topic = hints.topic.or_else(|| of_rel("self").next());
    }
    for hub in hubs.into_iter().filter(|hub| crate::map::is_url(hub)) {
        if hints.hubs.len() < limits::HUBS && !hints.hubs.contains(&hub) {
            hints.hubs.push(hub);
        }
    }
    hints.topic = hints.topic.filter(|topic| crate::map::is_url(topic) && !hints.hubs.is_empty());
    (hints != Hints::none()).then_some(hints)
}

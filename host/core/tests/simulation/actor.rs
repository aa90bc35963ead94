//! An actor and the plugin that orders it, for platforms that are read no other way.
//!
//! A first run asks for the newest posts, downwards; a later one for those after its watermark, upwards, so that whatever it gets is
//! complete up to its end. A full dataset leads on to another order.

use serde::{Deserialize, Serialize};
use tidegate_core::contract::{
    ActorRun, Batch, DatasetPage, Fetch, Job, OutcomeStatus, Page, PageContent, Step, Watermark,
};

use crate::fixtures::{batch, outcome, step};
use crate::world::Platform;

/// Elements beyond what may be new: so many that the orders of one run always reach all that a platform serves.
pub(crate) const SPARE: u32 = 7;
/// Orders of one run.
pub(crate) const STARTS: u32 = 4;

/// The actor's input.
#[derive(Serialize, Deserialize)]
struct Input {
    /// Posts after this one, oldest first; all that are served if it is not served any more.
    after: Option<String>,
    /// Posts before this one, newest first; else from the newest one on.
    before: Option<String>,
    most: u32,
}

/// What the plugin wants to find again with each page of a dataset.
#[derive(Serialize, Deserialize)]
struct State {
    upwards: bool,
    most: u32,
    seen: u32,
    /// The newest post of a first run.
    top: Option<String>,
}

fn order(after: Option<String>, before: Option<String>, state: &State) -> Step {
    let input = Input { after, before, most: state.most };
    let run = ActorRun { input: serde_json::to_string(&input).unwrap(), max_elements: state.most, extra: None };
    Step { fetch: Fetch::Actor(run), state: serde_json::to_string(state).ok(), ..step("/") }
}

pub(crate) fn plan(job: &Job) -> Step {
    let after = job.watermark.as_ref().and_then(|mark| mark.newest_id.clone());
    let state = State { upwards: after.is_some(), most: job.max_items + SPARE, seen: 0, top: None };
    order(after, None, &state)
}

/// What the actor finds.
pub(crate) fn run(platform: &Platform, input: &str) -> Vec<String> {
    let Input { after, before, most } = serde_json::from_str(input).unwrap();
    let served: Vec<&str> = platform.served().map(|post| post.id.as_str()).collect();
    let place = |id: &Option<String>| id.as_ref().and_then(|id| served.iter().position(|other| other == id));
    let wanted: Vec<&str> = match (&after, &before) {
        (Some(_), _) => served[..place(&after).unwrap_or(served.len())].iter().rev().copied().collect(),
        // What has fallen out of what is served has nothing behind it.
        (None, Some(_)) => place(&before).map_or(vec![], |place| served[place + 1..].to_vec()),
        (None, None) => served,
    };
    let most = usize::try_from(most).unwrap();
    wanted.into_iter().take(most).map(|id| serde_json::to_string(id).unwrap()).collect()
}

/// A page of the dataset. Proposes on the last one, and there what is right if nothing follows.
pub(crate) fn normalize(platform: &Platform, page: &Page) -> Batch {
    let PageContent::Dataset(DatasetPage { elements, more, .. }) = &page.content else { panic!("{page:?}") };
    let mut state: State = serde_json::from_str(page.state.as_deref().unwrap()).unwrap();
    let ids: Vec<String> = elements.iter().map(|element| serde_json::from_str(element).unwrap()).collect();
    state.seen += u32::try_from(ids.len()).unwrap();
    state.top = state.top.or_else(|| ids.first().cloned());
    let full = state.seen >= state.most;
    let items = ids.iter().filter_map(|id| platform.item_of(id)).collect();
    let status = if ids.is_empty() { OutcomeStatus::NoNew } else { OutcomeStatus::Ok };
    let found = Batch { outcome: outcome(status), ..batch(items) };
    let Some(last) = ids.last().cloned() else { return found };
    if *more {
        return Batch { state: serde_json::to_string(&state).ok(), ..found };
    }
    let (proposed, next) = if state.upwards {
        let again = State { seen: 0, top: None, ..state };
        (Some(last.clone()), order(Some(last), None, &again))
    } else {
        // Downwards: complete where the host cuts a run without a watermark, or at the end.
        let again = State { seen: 0, ..state };
        (again.top.clone(), order(None, Some(last), &again))
    };
    let watermark = proposed.map(|id| Watermark { newest_id: Some(id), ..Watermark::default() });
    Batch { watermark, next: full.then_some(next), ..found }
}

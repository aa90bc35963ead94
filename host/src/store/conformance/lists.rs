//! Listings: filtered, ordered, page by page without a gap or a double.

use tidegate_core::limits;
use tidegate_core::source::PausedBy;

use super::Place;
use super::world::{at, claim, empty, fresh, items, named, run_once, source};
use crate::ports::{ItemFilter, RunFilter, RunStage, SourceFilter};

pub(crate) async fn sources_page_by_id(place: &dyn Place) {
    let store = empty(place).await;
    let mut ids = Vec::new();
    for n in 0..7 {
        let new = named(if n < 5 { "acme" } else { "other" }, &n.to_string());
        ids.push(new.id);
        store.create_source(new, fresh(), at(0)).await.unwrap();
    }
    store.pause(ids[1], PausedBy::Operator, "", at(1)).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let filter = SourceFilter { after, limit: 3, ..SourceFilter::default() };
        let found = store.sources(&filter).await.unwrap();
        assert!(found.len() <= 3);
        let Some(last) = found.last() else { break };
        after = Some(last.id);
        seen.extend(found.into_iter().map(|source| source.id));
    }
    assert_eq!(seen, ids);
    let count = async |filter: SourceFilter| store.sources(&filter).await.unwrap().len();
    let all = SourceFilter::default();
    assert_eq!(count(all.clone()).await, 7, "no limit asks for the store's own");
    assert_eq!(count(SourceFilter { limit: u32::MAX, ..all.clone() }).await, 7);
    assert_eq!(count(SourceFilter { tenant: Some("acme".parse().unwrap()), ..all.clone() }).await, 5);
    assert_eq!(count(SourceFilter { profile: Some("other".parse().unwrap()), ..all.clone() }).await, 0);
    assert_eq!(count(SourceFilter { state: Some("paused".to_owned()), ..all.clone() }).await, 1);
    assert_eq!(count(SourceFilter { state: Some("flying".to_owned()), ..all }).await, 0);
}

pub(crate) async fn runs_page_newest_first(place: &dyn Place) {
    let store = empty(place).await;
    let (one, two) = (source(&*store, "one").await.id, source(&*store, "two").await.id);
    for n in 0..4 {
        run_once(&*store, one, vec![], at(n * 90)).await;
    }
    claim(&*store, two, at(400)).await;
    let all = store.runs(&RunFilter::default()).await.unwrap();
    assert_eq!(all.len(), 5);
    assert!(all.windows(2).all(|pair| pair[0].id > pair[1].id));
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let found = store.runs(&RunFilter { before, limit: 2, ..RunFilter::default() }).await.unwrap();
        let Some(last) = found.last() else { break };
        before = Some(last.id);
        seen.extend(found);
    }
    assert_eq!(seen, all);
    let count = async |filter: RunFilter| store.runs(&filter).await.unwrap().len();
    assert_eq!(count(RunFilter { source: Some(one), ..RunFilter::default() }).await, 4);
    assert_eq!(count(RunFilter { stage: Some(RunStage::Running), ..RunFilter::default() }).await, 1);
    assert_eq!(count(RunFilter { tenant: Some("other".parse().unwrap()), ..RunFilter::default() }).await, 0);
}

pub(crate) async fn items_page_newest_first(place: &dyn Place) {
    let store = empty(place).await;
    let one = source(&*store, "one").await.id;
    let two = named("other", "two");
    let other = two.id;
    store.create_source(two, fresh(), at(0)).await.unwrap();
    // The same times in both: the id breaks the tie.
    run_once(&*store, one, items("a", 10), at(1)).await;
    run_once(&*store, other, items("b", 10), at(1)).await;
    let all = store.items(&ItemFilter::default()).await.unwrap();
    let key = |row: &crate::ports::ItemRow| (row.sort_at, row.id);
    assert_eq!(all.len(), 20);
    assert!(all.windows(2).all(|pair| key(&pair[0]) > key(&pair[1])));
    let tenant = Some("other".parse().unwrap());
    for (source, tenant, expected) in [(None, None, 20), (Some(one), None, 10), (None, tenant, 10)] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let filter = ItemFilter { source, tenant: tenant.clone(), before, limit: 3 };
            let found = store.items(&filter).await.unwrap();
            let Some(last) = found.last() else { break };
            before = Some(key(last));
            seen.extend(found);
        }
        assert_eq!(seen.len(), expected);
        let wanted = all.iter().filter(|row| source.is_none_or(|id| row.source == id));
        let wanted = wanted.filter(|row| tenant.as_ref().is_none_or(|name| row.tenant == *name));
        assert!(seen.iter().eq(wanted));
    }
    run_once(&*store, one, items("many", u64::from(limits::LIST_ROWS)), at(90)).await;
    let capped = store.items(&ItemFilter { limit: u32::MAX, ..ItemFilter::default() }).await.unwrap();
    assert_eq!(capped.len(), usize::try_from(limits::LIST_ROWS).unwrap());
}

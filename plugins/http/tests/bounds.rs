//! Pages that are made to cost much: what the plugin does with one is bounded by the contract's limits, whatever stands in it.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use tidegate_plugin_http::{Http, limits};
use tidegate_plugin_kit::{Batch, HttpResponse, Job, Page, Plugin as _};

fn read(body: String) -> Batch {
    let overrides = r#"{"fields":{"id":"/id"},"paging":{"kind":"page"}}"#.to_owned();
    let job = Job { overrides, max_items: 20_000, max_pages: 9, ..Job::new("rest", "https://api.example/items") };
    let state = Http::plan(&job).unwrap().state;
    Http::normalize(&job, &Page::http(state, HttpResponse::new(200, "https://api.example/items", body))).unwrap()
}

/// What is no record is counted like one: a page of nothing but brackets is not read to its end, which is why it does not matter that
/// its end is missing.
#[test]
fn records_are_counted_whatever_becomes_of_them() {
    for piece in ["{},", "1,", "[],", "{\"id\":1},", "null,"] {
        let body = format!("[{}", piece.repeat(limits::ITEMS + 1));
        let batch = read(body);
        let trouble = batch.trouble.unwrap().message;
        assert!(trouble.starts_with("the page has more than 10000 records"), "{piece}: {trouble}");
        assert!(batch.rejects.len() <= limits::REJECTS && batch.watermark.is_none() && batch.next.is_none(), "{piece}");
    }
}

#[test]
fn as_many_records_as_a_batch_may_have_are_read() {
    let records: Vec<String> = (0..limits::ITEMS).map(|id| format!("{{\"id\":{id}}}")).collect();
    let batch = read(format!("[{}]", records.join(",")));
    assert_eq!((batch.items.len(), batch.trouble), (limits::ITEMS, None));
    assert!(batch.next.is_some());
}

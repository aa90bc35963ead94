//! Pages that are made to cost much: what the plugin does with one is bounded by the contract's limits, whatever stands in it.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests")]

use tidegate_plugin_http::{Http, limits};
use tidegate_plugin_kit::{Batch, HttpResponse, Job, Page, Plugin as _};

fn read(body: String) -> Batch {
    let overrides = r#"{"fields":{"id":"/id","html":"/html"},"paging":{"kind":"page"}}"#.to_owned();
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
        let told = "the page has more records than a run can take: the first 10000 were kept";
        assert!(trouble.starts_with(told), "{piece}: {trouble}");
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

/// Texts leave room for ids, and a page that is too large all the same is not told as if it had been read.
#[test]
fn a_batch_is_never_larger_than_an_answer() {
    let record = |id: usize| format!("{{\"id\":\"{}{id}\",\"html\":\"<p>{}\"}}", "i".repeat(1_000), "&".repeat(900));
    let records: Vec<String> = (0..5_000).map(record).collect();
    let batch = read(format!("[{}]", records.join(",")));
    let size = |item: &tidegate_plugin_kit::Item| {
        let texts = [&item.html, &item.text].into_iter().flatten().map(String::len).sum::<usize>();
        item.external_id.len() + texts + 256
    };
    assert!(batch.items.iter().map(size).sum::<usize>() < 16 * 1_024 * 1_024);
    assert!(batch.items.len() > 2_000 && batch.items.len() < 5_000, "{}", batch.items.len());
    assert!(batch.trouble.is_some() && batch.watermark.is_none());
}

/// Markup that grows as it is cleaned grows no further than an item may.
#[test]
fn markup_is_bounded() {
    for piece in ["&", "<a href=x>", "<p>x", "\\u003c"] {
        let batch = read(format!("[{{\"id\":1,\"html\":\"{}\"}}]", piece.repeat(8_000_000 / piece.len())));
        assert_eq!((batch.items.len(), batch.items[0].html.is_none()), (1, true), "{piece}");
        assert!(batch.warnings.iter().any(|warning| warning.contains("left out")), "{piece}: {:?}", batch.warnings);
    }
}

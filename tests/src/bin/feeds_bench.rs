//! `feeds-bench DIR`: how fast the feed plugin reads, called natively, over the documents of a corpus and over a feed made
//! here (30 entries, 64 KB). One JSON object a line.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use tidegate_plugin_kit::{Header, HttpResponse, Job, Page, Plugin};
use tidegate_plugin_rss::Rss;

fn page(bytes: &[u8]) -> Page {
    let mut response = HttpResponse::new(200, "https://bench.example/feed", bytes);
    response.headers.push(Header { name: "content-type".to_owned(), value: "application/xml".to_owned() });
    Page::http(None, response)
}

/// A feed as blogs have it: HTML in CDATA, a link, a guid, a date.
fn made() -> Vec<u8> {
    let paragraph = "<p>The <b>tide</b> came &amp; went, as the <a href=\"/tables\">tables</a> had said it would; nobody on the \
                     quay was surprised.<br/>A gull sat on the lamp.</p>\n";
    let entry = |number: usize| {
        format!(
            "<item><title>Entry {number} &amp; more</title><link>https://bench.example/{number}</link><guid>https://bench.example/{number}</guid>\
             <pubDate>Tue, 06 Jan 2026 08:00:{number:02} GMT</pubDate><content:encoded><![CDATA[{}]]></content:encoded></item>\n",
            paragraph.repeat(11)
        )
    };
    let entries: String = (0..30).map(entry).collect();
    format!("<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>t</title>{entries}</channel></rss>")
        .into_bytes()
}

/// Reads `pages` for about two seconds; prints megabytes (10^6 bytes of documents) per second.
#[allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "a bench for a terminal"
)]
fn measure(name: &str, pages: &[Page]) {
    let job = Job::new("feed", "https://bench.example/feed");
    let bytes: usize = pages
        .iter()
        .map(|page| match &page.content {
            tidegate_plugin_kit::PageContent::Http(response) => response.body.as_bytes().len(),
            _ => 0,
        })
        .sum();
    let start = Instant::now();
    let (mut rounds, mut items) = (0_usize, 0_usize);
    while start.elapsed().as_secs() < 2 {
        for page in pages {
            items += Rss::normalize(&job, page).map_or(0, |batch| batch.items.len());
        }
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = (bytes * rounds) as f64 / 1e6;
    println!(
        "{{\"bench\": \"rss-native\", \"input\": \"{name}\", \"documents\": {}, \"bytes\": {bytes}, \"mb_per_s\": {:.1}, \"items_per_s\": {:.0}, \"us_per_document\": {:.1}}}",
        pages.len(),
        megabytes / seconds,
        items as f64 / seconds,
        seconds * 1e6 / (rounds * pages.len()) as f64,
    );
}

#[expect(clippy::print_stderr, reason = "a bench for a terminal")]
fn main() -> ExitCode {
    measure("made", &[page(&made())]);
    let Some(folder) = std::env::args().nth(1) else { return ExitCode::SUCCESS };
    let manifest = Path::new(&folder).join("manifest.jsonl");
    let Ok(manifest) = std::fs::read_to_string(&manifest) else {
        eprintln!("cannot read {}: give the folder of a corpus", manifest.display());
        return ExitCode::FAILURE;
    };
    let files = manifest.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let files = files.filter_map(|line| line["file"].as_str().map(str::to_owned));
    let pages: Vec<Page> =
        files.filter_map(|file| std::fs::read(Path::new(&folder).join(file)).ok()).map(|bytes| page(&bytes)).collect();
    measure("corpus", &pages);
    ExitCode::SUCCESS
}

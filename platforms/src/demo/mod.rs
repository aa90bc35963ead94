//! The demo's platform: a coast with twenty feeds that live, and six that are in trouble.
//!
//! Owns: which feeds there are and how each behaves. Called by [`crate::Script::demo`].

mod growing;
mod stories;
mod troubled;

use std::time::Duration;

use crate::formats::Format;
use crate::script::{Behaviour, DemoTimes, Listing};
use crate::site::{Harbour, Route, Serves, Site, Temper};

pub(crate) use growing::Growing;

/// Builds the site. What is listed is what a user would add; targets of the redirect and of the HTML page are not.
pub(crate) fn site(times: DemoTimes) -> Site {
    let mut site = Site::default();
    for story in &stories::STEADY {
        let feed = Growing::new(*story, times.window);
        site.list(listing(&feed, feed.title(), Behaviour::Steady { rhythm: feed.rhythm() }), Harbour::Main);
        site.add(feed.path(), Route::prompt(Serves::Growing(feed)));
    }
    let growing = |story: &stories::Story| Growing::new(*story, times.window);

    let lighthouse = growing(&troubled::LIGHTHOUSE);
    let fails = Behaviour::FailsFirst { requests: times.failing_requests };
    site.list(listing(&lighthouse, lighthouse.title(), fails), Harbour::Main);
    let temper = Temper::FailsFirst(times.failing_requests);
    site.add(lighthouse.path(), Route { temper, ..Route::prompt(Serves::Growing(lighthouse)) });

    let ferry = growing(&troubled::SLOW_FERRY);
    site.list(listing(&ferry, ferry.title(), Behaviour::Slow { by: times.slow_by }), Harbour::Main);
    site.add(ferry.path(), Route { temper: Temper::Slow(times.slow_by), ..Route::prompt(Serves::Growing(ferry)) });

    let moved = growing(&troubled::MOVED_PILOTS);
    let to = moved.path().to_owned();
    let from = "/old-pier/pilots.rss";
    site.list(Listing::new(from, moved.title(), Behaviour::Moved { to: to.clone() }), Harbour::Main);
    site.add(from, Route::prompt(Serves::Moved { to }));
    site.add(moved.path(), Route::prompt(Serves::Growing(moved)));

    let village = growing(&troubled::VILLAGE);
    let page = "/village/";
    site.list(Listing::new(page, village.title(), Behaviour::Page { feed: village.path().to_owned() }), Harbour::Main);
    site.add(page, Route::prompt(Serves::Page { html: front_page(&village) }));
    site.add(village.path(), Route::prompt(Serves::Growing(village)));

    let closed = "/closed/fish-auction.rss";
    site.list(Listing::new(closed, "The fish auction (closed for good)", Behaviour::Gone), Harbour::Main);
    site.add(closed, Route::prompt(Serves::Gone));

    // On a port of its own: a 429 closes the gate of its host, and that is name and port.
    let bureau = growing(&troubled::BUSY_BUREAU);
    let busy = Behaviour::Busy { one_in: times.busy_one_in, retry_after: times.retry_after };
    site.list(listing(&bureau, bureau.title(), busy), Harbour::Apart);
    let temper = Temper::Busy { one_in: times.busy_one_in, retry_after: times.retry_after };
    site.add(bureau.path(), Route { temper, ..Route::prompt(Serves::Growing(bureau)) });
    site
}

fn listing(feed: &Growing, title: &str, behaviour: Behaviour) -> Listing {
    Listing::new(feed.path(), title, behaviour)
}

/// A front page that names its feed in `<head>`, relative, with a stylesheet and an icon around it as pages have.
fn front_page(feed: &Growing) -> String {
    let (title, name) = (feed.title(), feed.path().rsplit('/').next().unwrap_or_default());
    let kind = Format::link_type(feed.format());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n<link rel=\"icon\" href=\"/icon.svg\">\n\
         <link rel=\"alternate\" type=\"{kind}\" title=\"{title}\" href=\"{name}\">\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p>Welcome. The noticeboard is by the well; its feed is named in the head of this page.</p>\n</body>\n</html>\n"
    )
}

impl Default for DemoTimes {
    fn default() -> Self {
        Self {
            window: 20,
            failing_requests: 2,
            slow_by: Duration::from_secs(3),
            busy_one_in: 4,
            retry_after: Duration::from_secs(4),
        }
    }
}

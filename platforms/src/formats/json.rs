//! JSON Feed 1.1. <https://www.jsonfeed.org/version/1.1/>

use super::Channel;
use serde_json::json;

pub(super) fn write(channel: &Channel) -> String {
    let items = channel.entries.iter().map(|entry| {
        json!({
            "id": entry.id,
            "url": entry.link,
            "title": entry.title,
            "content_html": entry.html,
            "date_published": entry.published.to_string(),
            "authors": [{"name": entry.author}],
            "tags": entry.tags,
        })
    });
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "description": channel.about,
        "home_page_url": channel.home,
        "feed_url": channel.own,
        "language": "en",
        "authors": [{"name": channel.author}],
        "items": items.collect::<Vec<_>>(),
    });
    feed.to_string()
}

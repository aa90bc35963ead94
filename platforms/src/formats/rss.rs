//! RSS 2.0 with `dc:creator`, as WordPress and its like write it. <https://www.rssboard.org/rss-specification>

use super::{Channel, escape, rfc822};

pub(super) fn write(channel: &Channel) -> String {
    let mut out = String::from(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" ",
        "xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n<channel>\n",
    ));
    out.push_str(&format!(
        "<title>{}</title>\n<link>{}</link>\n<atom:link href=\"{}\" rel=\"self\" type=\"application/rss+xml\"/>\n\
         <description>{}</description>\n<language>en</language>\n<lastBuildDate>{}</lastBuildDate>\n",
        escape(&channel.title),
        escape(&channel.home),
        escape(&channel.own),
        escape(&channel.about),
        rfc822(channel.updated),
    ));
    for entry in &channel.entries {
        out.push_str(&format!(
            "<item>\n<title>{}</title>\n<link>{}</link>\n<guid isPermaLink=\"false\">{}</guid>\n<pubDate>{}</pubDate>\n\
             <dc:creator>{}</dc:creator>\n",
            escape(&entry.title),
            escape(&entry.link),
            escape(&entry.id),
            rfc822(entry.published),
            escape(&entry.author),
        ));
        for tag in &entry.tags {
            out.push_str(&format!("<category>{}</category>\n", escape(tag)));
        }
        out.push_str(&format!("<description>{}</description>\n</item>\n", escape(&entry.html)));
    }
    out.push_str("</channel>\n</rss>\n");
    out
}

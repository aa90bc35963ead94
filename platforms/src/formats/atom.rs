//! Atom 1.0, RFC 4287.

use super::{Channel, escape};

pub(super) fn write(channel: &Channel) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n\
         <id>{own}</id>\n<title>{}</title>\n<subtitle>{}</subtitle>\n<updated>{}</updated>\n\
         <link rel=\"self\" href=\"{own}\"/>\n<link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n\
         <author><name>{}</name></author>\n",
        escape(&channel.title),
        escape(&channel.about),
        channel.updated,
        escape(&channel.home),
        escape(&channel.author),
        own = escape(&channel.own),
    );
    for entry in &channel.entries {
        out.push_str(&format!(
            "<entry>\n<id>{}</id>\n<title type=\"text\">{}</title>\n<link rel=\"alternate\" href=\"{}\"/>\n\
             <published>{at}</published>\n<updated>{at}</updated>\n<author><name>{}</name></author>\n",
            escape(&entry.id),
            escape(&entry.title),
            escape(&entry.link),
            escape(&entry.author),
            at = entry.published,
        ));
        for tag in &entry.tags {
            out.push_str(&format!("<category term=\"{}\"/>\n", escape(tag)));
        }
        out.push_str(&format!("<content type=\"html\">{}</content>\n</entry>\n", escape(&entry.html)));
    }
    out.push_str("</feed>\n");
    out
}

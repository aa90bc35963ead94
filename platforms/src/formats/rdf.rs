//! RSS 1.0 in RDF, with Dublin Core dates and creators. <https://web.resource.org/rss/1.0/spec>

use super::{Channel, escape};

pub(super) fn write(channel: &Channel) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rdf:RDF xmlns=\"http://purl.org/rss/1.0/\" \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n<channel rdf:about=\"{}\">\n<title>{}</title>\n\
         <link>{}</link>\n<description>{}</description>\n<dc:date>{}</dc:date>\n<items><rdf:Seq>\n",
        escape(&channel.own),
        escape(&channel.title),
        escape(&channel.home),
        escape(&channel.about),
        channel.updated,
    );
    for entry in &channel.entries {
        out.push_str(&format!("<rdf:li rdf:resource=\"{}\"/>\n", escape(&entry.link)));
    }
    out.push_str("</rdf:Seq></items>\n</channel>\n");
    for entry in &channel.entries {
        let subjects: String =
            entry.tags.iter().map(|tag| format!("<dc:subject>{}</dc:subject>\n", escape(tag))).collect();
        out.push_str(&format!(
            "<item rdf:about=\"{link}\">\n<title>{}</title>\n<link>{link}</link>\n<dc:creator>{}</dc:creator>\n\
             <dc:date>{}</dc:date>\n{subjects}<content:encoded>{}</content:encoded>\n</item>\n",
            escape(&entry.title),
            escape(&entry.author),
            entry.published,
            escape(&entry.html),
            link = escape(&entry.link),
        ));
    }
    out.push_str("</rdf:RDF>\n");
    out
}

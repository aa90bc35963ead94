//! What a document and its server say about its encoding.
//!
//! Owns: the `charset` of a content type with the defaults of RFC 3023, and the XML declaration. Called by [`super`].

use crate::limits;

/// A content type.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Media {
    /// Type and subtype in lower case; "" if there was none.
    pub kind: String,
    /// The `charset` parameter.
    pub charset: Option<String>,
    /// Whether the type makes the declaration in the document void (`text/*` in RFC 3023).
    pub ignores_declaration: bool,
}

impl Media {
    /// Reads the value of a `Content-Type` field.
    pub fn of(content_type: Option<&str>) -> Self {
        let mut chunks = content_type.unwrap_or_default().split(';');
        let kind = chunks.next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut charset = None;
        for (name, value) in chunks.filter_map(|chunk| chunk.split_once('=')) {
            if name.trim().eq_ignore_ascii_case("charset") {
                charset = Some(value.trim().trim_matches(['"', '\'']).to_owned()).filter(|c| !c.is_empty());
            }
        }
        let ignores_declaration = kind.starts_with("text/");
        Self { kind, charset, ignores_declaration }
    }

    /// What RFC 3023 assumes where nothing is said.
    pub(super) fn default_encoding(&self) -> &'static str {
        if self.ignores_declaration { "us-ascii" } else { "utf-8" }
    }

    /// Whether the type promises an HTML page.
    pub fn is_html(&self) -> bool {
        matches!(self.kind.as_str(), "text/html" | "application/xhtml+xml")
    }
}

/// The encoding in the XML declaration of a document in a superset of ASCII. A comment or white space before the
/// declaration makes it ill-formed, not less true.
pub(super) fn in_document(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(limits::DECLARATION_BYTES)];
    let start = memchr::memmem::find(head, b"<?xml")?;
    let declaration = &head[start..];
    let declaration = &declaration[..memchr::memchr(b'>', declaration)?];
    let name = memchr::memmem::find(declaration, b"encoding")?;
    let rest = declaration[name + 8..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let value = &rest[..memchr::memchr(*quote, rest)?];
    let value = std::str::from_utf8(value).ok()?.trim().to_ascii_lowercase();
    (!value.is_empty()).then_some(value)
}

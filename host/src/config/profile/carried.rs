//! `[net.credential]`: how a credential is attached to requests.
//!
//! Owns: the defaults, and what a field or parameter may be called. Must not know: values or origins (`[credentials]` in
//! `tidegate.toml` says where a value is and which origin alone gets it). Called by `read`.
//!
//! Messages quote nothing of it but names of fields: people do write a token where a name belongs.

use tidegate_core::profile::{Carried, NetCredential};

use super::read::{Wrong, credential};
use super::shape::NetCredentialShape;

/// Fields that say how a message is framed or where it goes; a credential in one of them would be something else.
const NOT_FOR_CREDENTIALS: [&str; 14] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];
/// Bytes of the names and of the prefix.
const MOST: usize = 64;

/// Reads the table.
pub(super) fn read(shape: NetCredentialShape) -> Result<NetCredential, Wrong> {
    let name = credential("net.credential.name", &shape.name)?;
    let wrong = |what: &str, hint: &str| Err(("", format!("net.credential.{what}"), hint.to_owned()));
    let carried = match (shape.header, shape.prefix, shape.query) {
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            return wrong(
                "query: a credential is carried in one place",
                "either header (with prefix), such as \"X-Api-Key\", or query, such as \"api_key\"",
            );
        }
        (None, None, Some(query)) => {
            let word = |byte: u8| byte.is_ascii_alphanumeric() || b"._~[]-".contains(&byte);
            if !(1..=MOST).contains(&query.len()) || !query.bytes().all(word) {
                return wrong(
                    "query is no name of a parameter",
                    "letters, digits and \"._~[]-\", at most 64: \"api_key\"",
                );
            }
            Carried::Query { query }
        }
        (header, prefix, None) => {
            let header = header.map_or_else(|| "authorization".to_owned(), |header| header.to_ascii_lowercase());
            let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let framing = NOT_FOR_CREDENTIALS.contains(&header.as_str()) || header.starts_with("proxy-");
            if !(1..=MOST).contains(&header.len()) || !header.bytes().all(token) || framing {
                return wrong(
                    "header is no field that carries a credential",
                    "the name of a header field, such as \"Authorization\" or \"X-Api-Key\"",
                );
            }
            let default = if header == "authorization" { "Bearer " } else { "" };
            let prefix = prefix.unwrap_or_else(|| default.to_owned());
            if prefix.len() > MOST || !prefix.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                return wrong(
                    "prefix holds more than 64 bytes or control characters",
                    "\"Bearer \", \"token \", \"Basic \" or nothing",
                );
            }
            Carried::Header { header, prefix }
        }
    };
    Ok(NetCredential { name, carried })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::parse_profile;

    fn parsed(net: &str) -> Result<NetCredential, String> {
        let text =
            format!("plugin = \"http\"\nkind = \"rest\"\nschedule = {{ every = \"1h\" }}\n[net.credential]\n{net}");
        parse_profile("a", &text, "a.toml")
            .map(|profile| profile.net.credential.unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn how_it_is_carried() {
        let header =
            |header: &str, prefix: &str| Carried::Header { header: header.to_owned(), prefix: prefix.to_owned() };
        for (net, carried) in [
            ("name = \"github\"", header("authorization", "Bearer ")),
            ("name = \"github\"\nheader = \"Authorization\"\nprefix = \"token \"", header("authorization", "token ")),
            ("name = \"github\"\nheader = \"X-Api-Key\"", header("x-api-key", "")),
            ("name = \"github\"\nquery = \"api_key\"", Carried::Query { query: "api_key".to_owned() }),
        ] {
            let credential = parsed(net).unwrap();
            assert_eq!((credential.name.as_str(), credential.carried), ("github", carried), "{net}");
        }
    }

    #[test]
    fn what_cannot_carry_it_is_refused_and_nothing_is_repeated() {
        for (net, word) in [
            ("header = \"X-Api-Key\"", "name"),
            ("name = \"ghp_C4n4ry0000\"", "begins with a letter"),
            ("name = \"a\"\nheader = \"Host\"", "net.credential.header"),
            ("name = \"a\"\nheader = \"C4n4ry: x\"", "net.credential.header"),
            ("name = \"a\"\nquery = \"C4n4ry&x\"", "net.credential.query"),
            ("name = \"a\"\nquery = \"k\"\nheader = \"X\"", "one place"),
            ("name = \"a\"\nprefix = \"C4n4ry\\n\"", "net.credential.prefix"),
            ("name = \"a\"\nvalue = \"C4n4ry\"", "unknown field"),
        ] {
            let error = parsed(net).unwrap_err();
            assert!(error.contains(word) && !error.contains("C4n4ry"), "{net}: {error}");
        }
    }
}

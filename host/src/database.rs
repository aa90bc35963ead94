//! The address of a database server.
//!
//! Owns: what such an address looks like, and that its password is never printed: what is shown, logged or written as
//! configuration has `***` in its place. Must not know: how it is dialled. Read by `config`, used by `store`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

/// Where a database is, as typed: a file, or a server's address. It may hold a password and is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed(String);

impl Typed {
    /// The server it means. `None`: it means a file.
    ///
    /// # Errors
    /// If it is neither.
    pub fn server(&self) -> Result<Option<DatabaseUrl>, NotADatabaseUrl> {
        if self.0.contains("://") { self.0.parse().map(Some) } else { Ok(None) }
    }

    /// The file it means, if it means one.
    #[must_use]
    pub fn file(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl From<&str> for Typed {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(…)")
    }
}

/// What stands where the password was.
const MASK: &str = "***";

/// `postgres://user:password@host:5432/database?sslmode=require`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatabaseUrl(Url);

/// A text that is no address of a database. It is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotADatabaseUrl {
    /// It is no URL.
    #[error("is not a URL; for example postgres://user@host:5432/database")]
    NotAUrl,
    /// It is one of something else.
    #[error("does not begin with postgres:// or postgresql://, the only servers tidegate knows")]
    Scheme,
    /// It was copied from where it had been masked.
    #[error("has *** for a password: it was copied from a listing, which never shows one")]
    Masked,
}

impl DatabaseUrl {
    /// The address with its password, for the driver alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for DatabaseUrl {
    type Err = NotADatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| NotADatabaseUrl::NotAUrl)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(NotADatabaseUrl::Scheme);
        }
        let masked =
            url.password() == Some(MASK) || url.query_pairs().any(|(key, value)| hidden(&key) && value == MASK);
        if masked { Err(NotADatabaseUrl::Masked) } else { Ok(Self(url)) }
    }
}

/// Whether a parameter is a secret.
fn hidden(key: &str) -> bool {
    key.to_ascii_lowercase().contains("pass")
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
            return f.write_str("postgres://(hidden)");
        }
        if url.query_pairs().any(|(key, _)| hidden(&key)) {
            let shown: Vec<(String, String)> = url
                .query_pairs()
                .map(|(key, value)| (key.to_string(), if hidden(&key) { MASK.to_owned() } else { value.to_string() }))
                .collect();
            url.query_pairs_mut().clear().extend_pairs(shown);
        }
        f.write_str(url.as_str())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<DatabaseUrl> for String {
    /// Masked: it is for listings.
    fn from(url: DatabaseUrl) -> Self {
        url.to_string()
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = NotADatabaseUrl;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// `text` with the passwords of all addresses in it hidden, whatever servers they are of: errors quote what was written.
#[must_use]
pub fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str("://");
        let end = part.find(|c: char| c.is_whitespace() || "\"'`".contains(c)).unwrap_or(part.len());
        let (address, rest) = part.split_at(end);
        let secret = address.rfind('@').and_then(|at| address[..at].find(':').map(|colon| (colon + 1, at)));
        match secret {
            Some((from, to)) => shown.push_str(&format!("{}{MASK}{}", &address[..from], &address[to..])),
            None => shown.push_str(address),
        }
        shown.push_str(rest);
    }
    shown
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_shown() {
        let table = [
            ("postgres://ann:se%40cret@db.example/tide", "postgres://ann:***@db.example/tide"),
            ("postgresql://ann@db.example:6432/tide", "postgresql://ann@db.example:6432/tide"),
            ("postgres:///tide?host=/run/postgresql", "postgres:///tide?host=/run/postgresql"),
            ("postgres://db/tide?user=ann&password=se%40cret", "postgres://db/tide?user=ann&password=***"),
        ];
        for (given, shown) in table {
            let url: DatabaseUrl = given.parse().unwrap();
            assert_eq!((url.to_string().as_str(), format!("{url:?}").as_str()), (shown, shown));
            assert_eq!(serde_json::to_string(&url).unwrap(), format!("{shown:?}"));
            assert_eq!(url.expose(), given);
        }
    }

    #[test]
    fn passwords_in_texts_are_hidden() {
        let table = [
            ("url = \"postgres://ann:p@ss:w@db/tide\" # x", "url = \"postgres://ann:***@db/tide\" # x"),
            ("see https://example.org/a:b for more", "see https://example.org/a:b for more"),
            ("a://b:c@d and e://f:g@h", "a://b:***@d and e://f:***@h"),
            ("none", "none"),
        ];
        for (given, shown) in table {
            assert_eq!(without_passwords(given), shown);
        }
    }

    #[test]
    fn what_was_typed_is_a_server_or_a_file() {
        assert_eq!(Typed::from("my.db").server(), Ok(None));
        assert!(Typed::from("postgres://db/tide").server().unwrap().is_some());
        assert_eq!(Typed::from("mysql://db/tide").server(), Err(NotADatabaseUrl::Scheme));
        assert!(!format!("{:?}", Typed::from("postgres://ann:secret@db")).contains("secret"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        let table = [
            ("mysql://ann:secret@db/tide", NotADatabaseUrl::Scheme),
            ("tide.db", NotADatabaseUrl::NotAUrl),
            ("postgres://ann:***@db/tide", NotADatabaseUrl::Masked),
            ("postgres://db/tide?password=***", NotADatabaseUrl::Masked),
        ];
        for (given, why) in table {
            assert_eq!(given.parse::<DatabaseUrl>().unwrap_err(), why);
            assert!(!why.to_string().contains("secret"));
        }
    }
}

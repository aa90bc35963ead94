//! Which names hold what nobody else should have.
//!
//! Owns: the words, and how a name falls into words: `accessToken`, `ACCESS_TOKEN` and `x-access-token` say the same. Must not
//! know: where a name stands, or what becomes of its value.
//!
//! What turns pages (`next_page_token`, `nextPageToken`, `x-ms-continuationtoken`) is no secret: without it the recorded pages
//! are no chain. Neither is what tells of a secret without being it (`token_count`, `token_type`, `password_changed_at`).

/// Words each of which makes its name one of a secret.
const SECRET: [&str; 23] = [
    "auth",
    "authentication",
    "authorization",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "csrf",
    "jwt",
    "oauth",
    "otp",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pwd",
    "secret",
    "secrets",
    "session",
    "signature",
    "token",
    "tokens",
    "xsrf",
];
/// A key with one of these is a secret; a primary key is not.
const KEY_OF: [&str; 16] = [
    "access",
    "account",
    "api",
    "app",
    "client",
    "consumer",
    "encryption",
    "license",
    "master",
    "pair",
    "private",
    "secret",
    "service",
    "shared",
    "signing",
    "subscription",
];
/// Ends of names that are written in one word.
const JOINED: [&str; 9] =
    ["accesskey", "apikey", "clientkey", "passwd", "password", "privatekey", "secret", "sessionid", "token"];
/// A token with one of these turns pages...
const PAGING: [&str; 9] =
    ["continuation", "continue", "cursor", "next", "page", "pages", "pagination", "prev", "previous"];
/// ... unless it is one of these all the same.
const NO_PAGING: [&str; 4] = ["access", "api", "bearer", "refresh"];
/// Names with one of these tell of a secret, and are none.
const ABOUT: [&str; 15] = [
    "cost",
    "count",
    "counts",
    "expiration",
    "expires",
    "expiry",
    "length",
    "limit",
    "max",
    "min",
    "total",
    "ttl",
    "type",
    "usage",
    "used",
];
/// What ends a name of a moment.
const MOMENT: [&str; 2] = ["at", "on"];
/// Whole names of JSON members that hold a person's address of another kind.
const PERSONAL: [&str; 9] =
    ["clientip", "ip", "ipaddress", "mobilephone", "msisdn", "phone", "phonenumber", "remoteaddr", "telephone"];
/// Whole names of URL parameters, which would be anything elsewhere.
const PARAMETERS: [&str; 6] = ["code", "key", "pass", "policy", "sid", "sig"];
/// What leaves a header field out, wherever it stands in its name.
const HEADERS: [&str; 16] = [
    "api-key",
    "apikey",
    "auth",
    "cf-ray",
    "client-ip",
    "cookie",
    "credential",
    "csrf",
    "forwarded",
    "password",
    "request-id",
    "secret",
    "session",
    "signature",
    "token",
    "xsrf",
];
/// Words that leave a header field out.
const HEADER_WORDS: [&str; 4] = ["ip", "key", "keys", "user"];

/// Whether a value of this name is a secret, wherever it stands.
pub(super) fn is_secret(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&ABOUT) || words.last().is_some_and(|word| MOMENT.contains(&word.as_str())) {
        return false;
    }
    let pages = turns_pages(&words);
    let secret = |word: &String| SECRET.contains(&word.as_str()) && !(pages && word.starts_with("token"));
    let joined = |word: &String| JOINED.iter().any(|end| word.ends_with(end)) && !pages;
    words.iter().any(|word| secret(word) || joined(word)) || (has(&["key", "keys"]) && has(&KEY_OF))
}

/// Whether the values of a JSON member of this name go.
pub(super) fn is_member(name: &str) -> bool {
    is_secret(name) || PERSONAL.contains(&words(name).concat().as_str())
}

/// Whether what has this name is about the pages of a list.
pub(super) fn is_of_pages(name: &str) -> bool {
    let words = words(name);
    turns_pages(&words) && !is_secret(name)
}

/// Whether the value of a URL parameter of this name goes.
pub(super) fn is_parameter(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    PARAMETERS.contains(&lower.as_str())
        || lower.starts_with("x-amz-")
        || lower.starts_with("x-goog-")
        || is_secret(&lower)
        || is_secret(name)
}

/// Whether a header field of this name is left out.
pub(super) fn is_header(name: &str) -> bool {
    let words = words(name);
    if turns_pages(&words) {
        return is_secret(name);
    }
    let lower = name.to_ascii_lowercase();
    HEADERS.iter().any(|part| lower.contains(part))
        || words.iter().any(|word| HEADER_WORDS.contains(&word.as_str()))
        || is_secret(name)
}

fn turns_pages(words: &[String]) -> bool {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let joined =
        |word: &String| word.ends_with("token") && PAGING.iter().any(|part| word.contains(part) && word != "token");
    (has(&PAGING) || words.iter().any(joined)) && !has(&NO_PAGING)
}

/// The words of a name in lower case: apart at what is no letter or digit, and where a small letter meets a great one.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let fits = c.is_ascii_alphanumeric();
        let begins = match before {
            Some(before) if before.is_ascii_alphanumeric() => {
                let ends_capitals = before.is_ascii_uppercase() && rest.peek().is_some_and(char::is_ascii_lowercase);
                c.is_ascii_uppercase() && (!before.is_ascii_uppercase() || ends_capitals)
            }
            _ => true,
        };
        if fits {
            match words.last_mut().filter(|_| !begins) {
                Some(word) => word.push(c.to_ascii_lowercase()),
                None => words.push(c.to_ascii_lowercase().to_string()),
            }
        }
        before = Some(c);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_words() {
        for name in [
            "accessToken",
            "ACCESS_TOKEN",
            "x-access-token",
            "token",
            "oauth2_token",
            "sessionToken",
            "session",
            "clientSecret",
            "private_key",
            "APIKey",
            "apikey",
            "accesstoken",
            "Key-Pair-Id",
            "passphrase",
            "x-app-token",
            "nextAuthToken",
            "refresh_token_next",
            "user.password",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "",
            "key",
            "primary_key",
            "author",
            "keywords",
            "tokenize",
            "next_page_token",
            "nextPageToken",
            "nextpagetoken",
            "page_token",
            "continuationToken",
            "cursor_token",
            "token_count",
            "token_type",
            "session_started_at",
            "secretary",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(is_header("x-key") && is_header("x-real-ip") && is_header("X-User") && !is_header("keep-alive"));
        assert!(!is_header("x-ms-continuationtoken") && !is_header("x-next-page") && is_header("set-cookie"));
        assert!(
            is_parameter("sig") && is_parameter("X-Goog-Date") && !is_parameter("pageToken") && !is_parameter("id")
        );
        assert!(is_member("ipAddress") && is_member("phone") && !is_member("phone_model") && !is_member("sig"));
    }
}

//! What a server says back of a credential it was sent.
//!
//! Owns: taking it out of answers before a plugin, a page that is kept or an item can hold it, in whatever spelling it stands in a URL
//! or in JSON. Must not know: requests. Called by the fetch for each answer it hands over.
//!
//! Where it stood is [`HIDDEN`]: an address that a server gives (its next page) can be asked for all the same, as the parameter with that
//! value is taken for the credential's own (`chain`).

use tidegate_core::fetch::HIDDEN;

use super::secret::Credential;

/// A value shorter than this is an ordinary word; it is only taken out where it stands as the parameter's value.
const SHORTEST: usize = 8;

/// The spellings to be taken out.
pub(super) struct Scrub {
    /// What is looked for, and what stands there afterwards; longest first.
    spellings: Vec<(String, String)>,
}

impl Scrub {
    /// For these credentials.
    pub(super) fn of(credentials: &[Credential]) -> Self {
        let mut spellings = Vec::new();
        for credential in credentials {
            for secret in credential.value.spelled() {
                for written in spelled(&secret) {
                    if let Some(name) = credential.parameter() {
                        spellings.push((format!("{name}={written}"), format!("{name}={HIDDEN}")));
                    }
                    if written.len() >= SHORTEST {
                        spellings.push((written, HIDDEN.to_owned()));
                    }
                }
            }
        }
        spellings.sort_by_key(|(written, _)| core::cmp::Reverse(written.len()));
        spellings.dedup();
        Self { spellings }
    }

    /// Takes it out of a text.
    pub(super) fn text(&self, text: &mut String) {
        for (written, instead) in &self.spellings {
            if text.contains(written.as_str()) {
                *text = text.replace(written.as_str(), instead);
            }
        }
    }

    /// Takes it out of a body.
    pub(super) fn bytes(&self, mut body: Vec<u8>) -> Vec<u8> {
        for (written, instead) in &self.spellings {
            let finder = memchr::memmem::Finder::new(written.as_bytes());
            let Some(first) = finder.find(&body) else { continue };
            let mut clean = Vec::with_capacity(body.len());
            let (mut from, mut found) = (0, Some(first));
            while let Some(at) = found {
                clean.extend_from_slice(&body[from..at]);
                clean.extend_from_slice(instead.as_bytes());
                from = at + written.len();
                found = finder.find(&body[from..]).map(|next| from + next);
            }
            clean.extend_from_slice(&body[from..]);
            body = clean;
        }
        body
    }
}

/// A value as it is, percent-encoded in either case, as forms encode it, and with the slashes that some writers of JSON escape.
fn spelled(value: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let percent = form.replace('+', "%20").replace('*', "%2A");
    let lower = |text: &str| {
        let mut out = String::with_capacity(text.len());
        let mut digits: u8 = 0;
        for letter in text.chars() {
            out.push(if digits > 0 { letter.to_ascii_lowercase() } else { letter });
            digits = if letter == '%' { 2 } else { digits.saturating_sub(1) };
        }
        out
    };
    let mut all = vec![value.to_owned(), value.replace('/', "\\/"), lower(&form), lower(&percent), form, percent];
    all.sort_unstable();
    all.dedup();
    all.retain(|text| !text.is_empty());
    all
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::secret::{Carrier, Secret};
    use super::*;

    fn scrub(name: &str, value: &str) -> Scrub {
        let (origin, carrier) = ("https://a.example".parse().unwrap(), Carrier::Query(name.to_owned()));
        Scrub::of(&[Credential { origin, carrier, value: Secret::new(value) }])
    }

    #[test]
    fn every_spelling_goes() {
        for (value, said, left) in [
            ("canary+/12345=", "x?api_key=canary%2B%2F12345%3D&p=2", "x?api_key=(hidden)&p=2"),
            ("canary+/12345=", "x?api_key=canary%2b%2f12345%3d", "x?api_key=(hidden)"),
            ("canary+/12345=", "{\"key\":\"canary+\\/12345=\"}", "{\"key\":\"(hidden)\"}"),
            ("canary+/12345=", "canary+/12345= canary+/12345=", "(hidden) (hidden)"),
            ("demo", "a demo of ?api_key=demo&x", "a demo of ?api_key=(hidden)&x"),
            ("canary-12345", "nothing of it", "nothing of it"),
        ] {
            let scrub = scrub("api_key", value);
            let mut text = said.to_owned();
            scrub.text(&mut text);
            assert_eq!(text, left);
            assert_eq!(scrub.bytes(said.as_bytes().to_vec()), left.as_bytes());
        }
    }

    #[test]
    fn the_words_of_a_field_s_value_go_one_by_one() {
        let origin = "https://a.example".parse().unwrap();
        let value = Secret::new("Bearer canary-123456");
        let scrub = Scrub::of(&[Credential::in_header(origin, http::header::AUTHORIZATION, value)]);
        let mut text = "got Bearer canary-123456, that is canary-123456; a Bearer of news".to_owned();
        scrub.text(&mut text);
        assert_eq!(text, "got (hidden), that is (hidden); a Bearer of news");
    }
}

//! What a secret looks like, whatever its name is.
//!
//! Owns: the shapes of tokens, keys, users in URLs and e-mail addresses, each told by the bytes with which it begins. Must not know:
//! names. Called by `text` at every place of a text.

use memchr::memmem;

use super::text::Found;

/// How tokens of known makers begin, and how many more characters they have at least.
const MAKERS: [(&[u8], usize); 20] = [
    (b"AIza", 30),
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"EAACEdEose0cBA", 16),
    (b"github_pat_", 16),
    (b"gho_", 16),
    (b"ghp_", 16),
    (b"ghr_", 16),
    (b"ghs_", 16),
    (b"ghu_", 16),
    (b"glpat-", 16),
    (b"npm_", 30),
    (b"rk_live_", 16),
    (b"sk-", 16),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"whsec_", 16),
    (b"xoxa-", 10),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
];
/// Ends of names of files, which are no domains: `icon@2x.png`.
const FILES: [&str; 8] = ["png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js"];
/// How the sign of an address is spelled: in text, in URLs, in JSON, in HTML.
const AT: [&[u8]; 5] = [b"@", b"%40", b"\\u0040", b"&#64;", b"&#x40;"];

/// A secret at the beginning of `rest`, by its shape.
pub(super) fn shape(rest: &[u8], before: Option<u8>) -> Option<Found> {
    match rest.first()? {
        b':' => user(rest),
        b'-' => private_key(rest),
        _ if before.is_some_and(is_token) => None,
        b'e' => web_token(rest),
        b'B' | b'b' => scheme(rest),
        _ => maker(rest),
    }
}

/// A token of a maker who marks them.
fn maker(rest: &[u8]) -> Option<Found> {
    let (begin, least) = MAKERS.iter().find(|(begin, _)| rest.starts_with(begin))?;
    let length = run(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    // `sk-` begins words as well, and has digits where it does not.
    let digits = rest.get(begin.len()..length)?.iter().any(u8::is_ascii_digit);
    (length >= begin.len() + least && digits).then(|| Found::gone(0, length, "access tokens"))
}

/// `Bearer x` and `Basic x` (RFC 6750, RFC 7617): as a token has digits or is long, "bearer of news" stays.
fn scheme(rest: &[u8]) -> Option<Found> {
    let begins = |word: &str| rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word.as_bytes()));
    let (keep, least) = match () {
        () if begins("bearer ") => (7, 8),
        () if begins("bearer%20") => (9, 8),
        () if begins("basic ") => (6, 12),
        () => return None,
    };
    let token = rest.get(keep..)?;
    let length = run(token, |byte| is_token(byte) || matches!(byte, b'~' | b'+' | b'/' | b'='));
    let token = token.get(..length)?;
    let length = length - token.iter().rev().take_while(|byte| **byte == b'.').count();
    let fits = length >= least && (length >= 20 || token.iter().any(u8::is_ascii_digit));
    fits.then(|| Found::gone(keep, keep + length, "access tokens"))
}

/// A JSON Web Token (RFC 7519): parts in base64url, the first of which begins with `{"`.
fn web_token(rest: &[u8]) -> Option<Found> {
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let end = run(rest, is_token);
    // The end of a sentence is none of it.
    let dots = rest.get(..end)?.iter().rev().take_while(|byte| **byte == b'.').count();
    let length = end - dots;
    let dots = rest.get(..length)?.iter().filter(|byte| **byte == b'.').count();
    (dots >= 2 && length >= 40).then(|| Found::gone(0, length, "JSON Web Tokens"))
}

/// A private key in PEM (RFC 7468); certificates and public keys are no secrets.
fn private_key(rest: &[u8]) -> Option<Found> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let label = rest.strip_prefix(BEGIN)?;
    let label = label.get(..memmem::find(label.get(..64.min(label.len()))?, b"-----")?)?;
    memmem::find(label, b"PRIVATE KEY")?;
    let begin = BEGIN.len() + label.len() + 5;
    let body = rest.get(begin..)?;
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\\:,- \r\n\t".contains(&byte);
    let length = match memmem::find(body, b"-----END ") {
        Some(end) => {
            let close = memmem::find(body.get(end + 9..)?, b"-----").map_or(0, |close| close + 5);
            end + 9 + close
        }
        None => run(body, inside),
    };
    Some(Found::gone(0, begin + length, "private keys"))
}

/// The user and password of a URL, which go without a word in their place.
fn user(rest: &[u8]) -> Option<Found> {
    let slashes = [&b"://"[..], b":\\/\\/"].into_iter().find(|slashes| rest.starts_with(slashes))?.len();
    let authority = rest.get(slashes..)?;
    let length = run(authority, |byte| byte > b' ' && !b"/?#\"'<>\\".contains(&byte));
    let users = authority.get(..length)?.iter().rposition(|byte| *byte == b'@')?;
    (users > 0).then(|| Found { keep: slashes, skip: slashes + users + 1, stands: b"", what: "users in URLs" })
}

/// An e-mail address.
pub(super) struct Address {
    /// All of it.
    pub(super) length: usize,
    /// What stands before its sign, and the sign as it is spelled.
    pub(super) local: usize,
    pub(super) sign: &'static [u8],
}

/// The e-mail address at the beginning of `rest`.
pub(super) fn address(rest: &[u8], before: Option<u8>) -> Option<Address> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
    // A path (`/@ann`, `x/y@z`) is none; neither is what begins in the middle of a word.
    if before.is_some_and(|byte| fits(byte) || matches!(byte, b'/' | b'@' | b'\\')) {
        return None;
    }
    let run = rest.iter().take(72).position(|byte| !fits(*byte)).unwrap_or(rest.len().min(72));
    let within = memmem::find(rest.get(..run)?, b"%40");
    let local = within.unwrap_or(run);
    let sign = AT.into_iter().find(|sign| rest.get(local..).is_some_and(|rest| rest.starts_with(sign)))?;
    let domain = domain(rest.get(local + sign.len()..)?)?;
    (1..=64).contains(&local).then_some(Address { length: local + sign.len() + domain, local, sign })
}

/// The length of the domain at the beginning of `rest`.
fn domain(rest: &[u8]) -> Option<usize> {
    let length = rest.iter().take(254).position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')));
    let domain = rest.get(..length.unwrap_or(rest.len().min(254)))?;
    let domain = domain.strip_suffix(b".").unwrap_or(domain);
    let last = domain.rsplit(|byte| *byte == b'.').next()?;
    let file = FILES.iter().any(|file| last.eq_ignore_ascii_case(file.as_bytes()));
    let fits = domain.contains(&b'.')
        && !domain.starts_with(b".")
        && last.len() >= 2
        && last.iter().all(u8::is_ascii_alphabetic);
    (fits && !file).then_some(domain.len())
}

/// How many bytes at the beginning are such.
pub(super) fn run(rest: &[u8], such: impl Fn(u8) -> bool) -> usize {
    rest.iter().position(|byte| !such(*byte)).unwrap_or(rest.len())
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

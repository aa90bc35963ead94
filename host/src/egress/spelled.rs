//! What a credential looks like in what a server says back.
//!
//! Owns: the texts that are looked for: the value, what it says in base64, and itself in base64. Must not know: where they are looked
//! for; escapes are undone there (`undone`). Called by the search (`scrub`).

use tidegate_core::limits;

use super::secret::Credential;
use super::undone::undone;

/// A text that is looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sought {
    /// As it stands where escapes are undone.
    pub(super) text: Vec<u8>,
    /// How much of it is no secret: the parameter's name.
    pub(super) public: usize,
}

impl Sought {
    fn new(public: &str, text: &[u8]) -> Self {
        let whole = [public.as_bytes(), text].concat();
        Self { text: undone(&whole).bytes().to_vec(), public: undone(public.as_bytes()).bytes().len() }
    }
}

/// All that is looked for of a credential.
pub(super) fn of(credential: &Credential) -> Vec<Sought> {
    let mut all = Vec::new();
    for secret in credential.value.sought() {
        if secret.len() >= limits::SECRET_BYTES_LEAST {
            all.push(Sought::new("", &secret));
            all.extend(in_base64(&secret).iter().map(|text| Sought::new("", text)));
        } else if let Some(name) = credential.parameter() {
            all.push(Sought::new(&format!("{name}="), &secret));
        }
    }
    all.retain(|sought| sought.text.len() > sought.public);
    all.sort_unstable();
    all.dedup();
    all
}

/// It, and as it stands in an address, in base64, wherever in a longer text it begins: the letters that it decides alone.
fn in_base64(secret: &[u8]) -> Vec<Vec<u8>> {
    let form: String = url::form_urlencoded::byte_serialize(secret).collect();
    let mut texts = vec![secret.to_vec(), form.replace('+', "%20").replace('*', "%2A").into_bytes(), form.into_bytes()];
    texts.sort_unstable();
    texts.dedup();
    let mut all = Vec::new();
    for text in texts {
        for before in 0..3 {
            let letters = base64(&[&b"\0\0"[..before], &text].concat());
            // Six bits a letter, eight a byte: the first ones hold bits of what stands before, the last one of what follows.
            let own = letters.get((before * 8).div_ceil(6)..(before + text.len()) * 8 / 6).unwrap_or_default();
            if own.len() >= limits::SECRET_BYTES_LEAST {
                all.push(own.to_vec());
                all.push(own.iter().map(|letter| in_addresses(*letter)).collect());
            }
        }
    }
    all
}

/// Base64 without padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut letters = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let sixes = (0..=three.len()).map(|n| (bits >> (18 - 6 * n)) & 63);
        letters.extend(sixes.filter_map(|six| ALPHABET.get(six as usize)));
    }
    letters
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The same letter in the alphabet of addresses (RFC 4648, section 5).
const fn in_addresses(letter: u8) -> u8 {
    match letter {
        b'+' => b'-',
        b'/' => b'_',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_wherever_it_begins() {
        assert_eq!(base64(b"tidegate"), b"dGlkZWdhdGU");
        assert_eq!(base64(b""), b"");
        let parts = in_base64(b"canary-12345");
        for before in ["", "x", "xy", "xyz"] {
            for after in ["", "x", "xy", "xyz"] {
                let whole = base64(format!("{before}canary-12345{after}").as_bytes());
                assert!(parts.iter().any(|part| memchr::memmem::find(&whole, part).is_some()), "{before} {after}");
            }
        }
    }
}

//! Hosts that a profile names.
//!
//! Owns: what such a pattern may be, and its normal form. Must not know: what is asked for at a host. Called by `read`.

use std::net::Ipv6Addr;

use tidegate_core::fetch::{Host, Target};

/// A host or `*.suffix` as requests write it (lower case, international names in their ASCII form, IPv6 in brackets): what is held against
/// it is the host of a parsed URL.
pub(super) fn pattern(text: &str) -> Option<String> {
    let (stars, host) = text.strip_prefix("*.").map_or(("", text), |suffix| ("*.", suffix));
    if stars.is_empty() && host == "*" {
        return Some("*".to_owned());
    }
    let bare: Result<Ipv6Addr, _> = host.parse();
    let host = bare.map_or_else(|_| host.to_owned(), |address| format!("[{address}]"));
    let is_address = host.starts_with('[') && host.ends_with(']');
    if host.contains(['/', '\\', '?', '#', '@', '*']) || (host.contains(':') && !is_address) || host.starts_with('.') {
        return None;
    }
    let target = Target::parse(&format!("https://{host}/")).ok().filter(|target| target.url().port().is_none())?;
    let normal = target.host_text().trim_end_matches('.');
    let is_name = !is_address && matches!(target.host(), Host::Name(_));
    (stars.is_empty() || is_name).then(|| format!("{stars}{normal}"))
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn patterns() {
        let right = [
            ("*", "*"),
            ("api.example.com", "api.example.com"),
            ("API.Example.com.", "api.example.com"),
            ("*.example.com", "*.example.com"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("*.b\u{fc}cher.example", "*.xn--bcher-kva.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "[::1]"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("localhost", "localhost"),
        ];
        for (given, normal) in right {
            assert_eq!(pattern(given).as_deref(), Some(normal), "{given}");
        }
        let wrong = [
            "",
            ".",
            "*.",
            "*.*",
            "**",
            ".example.com",
            "*..example.com",
            "exa mple",
            "a@b",
            "https://a",
            "a/b",
            "a:443",
            "[::1]:443",
            "*.[::1]",
            "*.127.0.0.1",
            "a?b",
            "a#b",
            "a\\b",
            "[::1",
        ];
        for given in wrong {
            assert_eq!(pattern(given), None, "{given}");
        }
    }
}

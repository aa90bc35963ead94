//! Names that are denied before anyone asks what they resolve to.
//!
//! Owns: the list. Must not know: addresses, DNS. Called by the grant.

/// Names and suffixes that mean this machine, this network or a cloud's metadata service. The addresses behind them are
/// denied too; denying the name as well keeps a look-up of it from leaving the machine, and covers metadata services on
/// public addresses.
const SUFFIXES: &[(&str, &str)] = &[
    ("localhost", "names this machine (RFC 6761)"),
    ("localdomain", "names this machine"),
    ("local", "is multicast DNS (RFC 6762)"),
    ("internal", "is kept for private networks"),
    ("home.arpa", "is a home network (RFC 8375)"),
    ("intranet", "names a private network"),
    ("lan", "names a private network"),
    ("corp", "names a private network"),
    ("svc", "is a service of the cluster"),
    ("onion", "is not in the DNS (RFC 7686)"),
    ("metadata.packet.net", "is a cloud's metadata service"),
    ("metadata.platformequinix.com", "is a cloud's metadata service"),
];

/// Why a host name is denied; `None` if it is left to the addresses it resolves to.
///
/// `host` as the URL parser gives it; case and one trailing dot do not matter. A name without any dot (`metadata`,
/// `ip6-localhost`, `instance-data`) is denied altogether: it resolves by the search list of the machine, if at all.
#[must_use]
pub fn denied_name(host: &str) -> Option<&'static str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let known = SUFFIXES.iter().find(|(suffix, _)| is_or_below(host, suffix)).map(|(_, why)| *why);
    known.or_else(|| (!host.contains('.')).then_some("has no dot, so it names a machine of this network"))
}

/// Whether `host` is `suffix` or a name below it, whatever the case.
pub(super) fn is_or_below(host: &str, suffix: &str) -> bool {
    let Some(at) = host.len().checked_sub(suffix.len()) else { return false };
    let (Some(head), Some(tail)) = (host.get(..at), host.get(at..)) else { return false };
    tail.eq_ignore_ascii_case(suffix) && (head.is_empty() || head.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for denied in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.b.localhost",
            "localhost.localdomain",
            "ip6-localhost",
            "printer.local",
            "Printer.LOCAL.",
            "metadata.google.internal",
            "host.docker.internal",
            "metadata",
            "instance-data",
            "router.lan",
            "kubernetes.default.svc",
            "x.svc.cluster.local",
            "metadata.packet.net",
            "intranet",
            "a.home.arpa",
            "x.onion",
            "",
        ] {
            assert!(denied_name(denied).is_some(), "{denied}");
        }
        for open in [
            "example.com",
            "example.com.",
            "localhost.example.com",
            "notlocalhost.com",
            "mylocal.org",
            "internal.example",
            "xn--nxasmq6b.example",
            "arpa.example",
            "ülocal.example",
        ] {
            assert_eq!(denied_name(open), None, "{open}");
        }
    }
}

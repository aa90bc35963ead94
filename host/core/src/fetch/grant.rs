//! What an operator opens for one profile, and the verdict on a host.
//!
//! Owns: the exceptions from the deny table and how they are written. Must not know: sockets. Called by egress for each
//! hop and each look-up, and by profiles, which write the exceptions.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::address::{DeniedAddress, Range, denied_address};
use super::name::{denied_name, is_or_below};
use super::target::{Host, Target};
use crate::limits;
use crate::profile::Net;

/// What a profile may reach and take in. The default opens nothing private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetGrant {
    /// Exceptions from the deny table.
    pub allow_private: Vec<AllowPrivate>,
    /// Decoded bytes of one body; more than [`limits::BODY_BYTES_MOST`] counts as that.
    pub body_bytes: usize,
}

impl Default for NetGrant {
    fn default() -> Self {
        Self { allow_private: Vec::new(), body_bytes: limits::BODY_BYTES }
    }
}

/// One exception. Written `10.0.0.0/8`, `10.1.2.3`, `10.1.2.3:8080`, `fd00::/8`, `[fd00::1]:8080`, `wiki.corp`,
/// `wiki.corp:8080` or `*.corp`; without a port it holds for every port that is not blocked.
///
/// A network opens those addresses, as literals and as answers of the DNS. A name opens the name and what it resolves
/// to, as far as that is loopback, private, shared or unique local: never link-local, where clouds keep their metadata.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AllowPrivate {
    whom: Whom,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Whom {
    Net { base: IpAddr, prefix: u8 },
    Name { suffix: String, below: bool },
}

/// A text that is not an exception.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a private address to allow: {why}; write for example \"10.0.0.0/8\", \"[fd00::1]:8080\" or \"wiki.corp\""
)]
pub struct NotAnAllowance {
    text: String,
    why: &'static str,
}

/// Why a host is not contacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The name says it.
    #[error("the name {host:?} {why}")]
    Name {
        /// The host.
        host: String,
        /// What the name means.
        why: &'static str,
    },
    /// The address says it.
    #[error("{0}")]
    Address(DeniedAddress),
    /// There was no address to judge.
    #[error("the name {host:?} has no address")]
    NoAddress {
        /// The host.
        host: String,
    },
}

impl TryFrom<&Net> for NetGrant {
    type Error = NotAnAllowance;

    /// The grant of a profile.
    ///
    /// # Errors
    /// [`NotAnAllowance`] for the first exception that cannot be read.
    fn try_from(net: &Net) -> Result<Self, NotAnAllowance> {
        let allow_private = net.allow_private.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        Ok(Self { allow_private, body_bytes: net.body_bytes })
    }
}

impl NetGrant {
    /// The limit that holds for a decoded body, in bytes.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.body_bytes.min(limits::BODY_BYTES_MOST)
    }

    /// What is left at one port: the exceptions that hold there, written without it, sorted, each once. Every verdict at
    /// that port is the same, and grants that are the same there become equal.
    #[must_use]
    pub fn at_port(&self, port: u16) -> Self {
        let here = self.allow_private.iter().filter(|rule| rule.port.is_none_or(|only| only == port));
        let mut allow_private: Vec<_> = here.map(|rule| AllowPrivate { whom: rule.whom.clone(), port: None }).collect();
        allow_private.sort();
        allow_private.dedup();
        Self { allow_private, body_bytes: self.body_bytes }
    }

    /// The verdict before any look-up: on the name, or on the literal address.
    ///
    /// # Errors
    /// [`Denial`], naming the host.
    pub fn permits_target(&self, target: &Target) -> Result<(), Denial> {
        match target.host() {
            Host::Name(name) => permits_name(&self.allow_private, name, target.port()),
            Host::Address(address) => permits_address(&self.allow_private, None, address, target.port()),
        }
    }

    /// The verdict on what a name resolves to: one denied address denies the name, as a mixed answer is how rebinding
    /// works.
    ///
    /// # Errors
    /// [`Denial`] of the first denied address; of an empty answer too.
    pub fn permits_addresses(&self, host: &str, port: u16, addresses: &[IpAddr]) -> Result<(), Denial> {
        if addresses.is_empty() {
            return Err(Denial::NoAddress { host: host.to_owned() });
        }
        addresses.iter().try_for_each(|address| permits_address(&self.allow_private, Some(host), *address, port))
    }
}

fn permits_name(rules: &[AllowPrivate], host: &str, port: u16) -> Result<(), Denial> {
    match denied_name(host) {
        Some(why) if !rules.iter().any(|rule| rule.opens_name(host, port)) => {
            Err(Denial::Name { host: host.to_owned(), why })
        }
        _ => Ok(()),
    }
}

fn permits_address(rules: &[AllowPrivate], host: Option<&str>, address: IpAddr, port: u16) -> Result<(), Denial> {
    let Some(denied) = denied_address(address) else { return Ok(()) };
    let opens = |address: IpAddr, range: Range| {
        rules.iter().any(|rule| {
            rule.opens_address(address, range, port)
                || (range.opens_by_name() && host.is_some_and(|host| rule.opens_name(host, port)))
        })
    };
    let open = match denied.embedded {
        // A mapped address is an IPv4 address in other clothes: the rule for the inner one is the rule.
        Some((inner, Some(range))) if denied.range == Range::Mapped => opens(IpAddr::V4(inner), range),
        // A tunnel leads through a gateway to another address: both have to be open.
        Some((inner, range)) => {
            opens(address, denied.range) && range.is_none_or(|range| opens(IpAddr::V4(inner), range))
        }
        None => opens(address, denied.range),
    };
    if open { Ok(()) } else { Err(Denial::Address(denied)) }
}

impl AllowPrivate {
    fn opens_name(&self, host: &str, port: u16) -> bool {
        let Whom::Name { suffix, below } = &self.whom else { return false };
        let host = host.strip_suffix('.').unwrap_or(host);
        let named = if *below {
            host.len() > suffix.len() && is_or_below(host, suffix)
        } else {
            host.eq_ignore_ascii_case(suffix)
        };
        named && self.port.is_none_or(|only| only == port)
    }

    fn opens_address(&self, address: IpAddr, range: Range, port: u16) -> bool {
        let Whom::Net { base, prefix } = self.whom else { return false };
        range.can_be_allowed() && within(address, base, prefix) && self.port.is_none_or(|only| only == port)
    }
}

fn within(address: IpAddr, base: IpAddr, prefix: u8) -> bool {
    match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => shifted(a, prefix) == shifted(b, prefix),
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let keep = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            a.to_bits() & keep == b.to_bits() & keep
        }
        _ => false,
    }
}

fn shifted(address: Ipv4Addr, prefix: u8) -> u32 {
    address.to_bits() & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for AllowPrivate {
    type Err = NotAnAllowance;

    fn from_str(text: &str) -> Result<Self, NotAnAllowance> {
        let refuse = |why| NotAnAllowance { text: text.to_owned(), why };
        let trimmed = text.trim();
        if let Some((base, prefix)) = trimmed.split_once('/') {
            let base: IpAddr = base.parse().map_err(|_| refuse("what stands before the slash is no address"))?;
            let most = if base.is_ipv4() { 32 } else { 128 };
            let prefix: u8 = prefix.parse().map_err(|_| refuse("the prefix length is no number"))?;
            if prefix == 0 || prefix > most {
                return Err(refuse("the prefix length is not between 1 and that of an address"));
            }
            return Ok(Self { whom: Whom::Net { base, prefix }, port: None });
        }
        let single =
            |base: IpAddr, port| Self { whom: Whom::Net { base, prefix: if base.is_ipv4() { 32 } else { 128 } }, port };
        if let Ok(base) = trimmed.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(single(base, None));
        }
        if let Ok(socket) = trimmed.parse::<core::net::SocketAddr>() {
            return Ok(single(socket.ip(), Some(socket.port())));
        }
        let (name, port) = match trimmed.split_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| refuse("the port is no number up to 65535"))?)),
            None => (trimmed, None),
        };
        let (suffix, below) = name.strip_prefix("*.").map_or((name, false), |rest| (rest, true));
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if suffix.is_empty() || !suffix.chars().all(fits) || suffix.starts_with('.') || suffix.ends_with('.') {
            return Err(refuse("it is neither an address, a network nor a host name"));
        }
        Ok(Self { whom: Whom::Name { suffix: suffix.to_ascii_lowercase(), below }, port })
    }
}

impl fmt::Display for AllowPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.whom {
            Whom::Net { base, prefix } => match (base, prefix, self.port) {
                (base, _, Some(port)) => write!(f, "{}", core::net::SocketAddr::new(*base, port)),
                (IpAddr::V4(_), 32, None) | (IpAddr::V6(_), 128, None) => write!(f, "{base}"),
                (base, prefix, None) => write!(f, "{base}/{prefix}"),
            },
            Whom::Name { suffix, below } => {
                write!(f, "{}{suffix}", if *below { "*." } else { "" })?;
                self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

impl Serialize for AllowPrivate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AllowPrivate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn grant(rules: &[&str]) -> NetGrant {
        NetGrant { allow_private: rules.iter().map(|r| r.parse().unwrap()).collect(), ..NetGrant::default() }
    }

    fn literal(rules: &[&str], url: &str) -> bool {
        grant(rules).permits_target(&Target::parse(url).unwrap()).is_ok()
    }

    fn resolved(rules: &[&str], host: &str, addresses: &[&str]) -> bool {
        let addresses: Vec<IpAddr> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        grant(rules).permits_addresses(host, 443, &addresses).is_ok()
    }

    #[test]
    fn exceptions_are_written_and_read_the_same() {
        for text in [
            "10.0.0.0/8",
            "10.1.2.3",
            "10.1.2.3:8080",
            "fd00::/8",
            "fd00::1",
            "[fd00::1]:8080",
            "wiki.corp",
            "*.corp:81",
        ] {
            assert_eq!(text.parse::<AllowPrivate>().unwrap().to_string(), text);
        }
        for text in
            ["", "*", "*.", ".corp", "10.0.0.0/33", "10.0.0.0/0", "::/0", "x/8", "a b", "a:b", "a:70000", "http://a"]
        {
            assert!(text.parse::<AllowPrivate>().is_err(), "{text}");
        }
    }

    #[test]
    fn from_a_profile() {
        let net = Net { allow_private: vec!["10.0.0.0/8".into()], body_bytes: 5, ..Net::default() };
        assert_eq!(NetGrant::try_from(&net).unwrap(), NetGrant { body_bytes: 5, ..grant(&["10.0.0.0/8"]) });
        assert_eq!(NetGrant::try_from(&Net::default()).unwrap(), NetGrant::default());
        let wrong = Net { allow_private: vec!["10.0.0.0/40".into()], ..Net::default() };
        assert!(NetGrant::try_from(&wrong).unwrap_err().to_string().contains("10.0.0.0/40"));
    }

    #[test]
    fn what_is_left_at_a_port_judges_as_the_whole_does_there() {
        let rules = ["wiki.corp:80", "*.corp:81", "10.0.0.0/8", "192.168.0.1:443", "[fd00::1]:80", "db.corp"];
        for picked in 0..1_u32 << rules.len() {
            let picked: Vec<_> = (0..rules.len()).filter(|at| picked >> at & 1 == 1).map(|at| rules[at]).collect();
            let whole = grant(&picked);
            for (port, host) in [80, 81, 443].into_iter().flat_map(|p| ["wiki.corp", "db.corp"].map(|h| (p, h))) {
                let here = whole.at_port(port);
                let target = Target::parse(&format!("http://{host}:{port}/")).unwrap();
                assert_eq!(here.permits_target(&target), whole.permits_target(&target), "{picked:?} {target:?}");
                for address in ["10.0.0.1", "192.168.0.1", "fd00::1", "169.254.169.254", "8.8.8.8"] {
                    let address = [address.parse().unwrap()];
                    let want = whole.permits_addresses(host, port, &address);
                    // Which port is named makes no difference any more.
                    for any in [0, port, 9_999] {
                        assert_eq!(here.permits_addresses(host, any, &address), want, "{picked:?} {host}:{port}");
                    }
                }
            }
        }
        assert_eq!(grant(&["b.corp:80", "a.corp", "b.corp"]).at_port(80), grant(&["a.corp", "b.corp"]));
        assert_eq!(grant(&["b.corp:80"]).at_port(81), grant(&[]));
    }

    #[test]
    fn literals() {
        assert!(!literal(&[], "http://10.0.0.1/"));
        assert!(literal(&["10.0.0.0/8"], "http://10.0.0.1/"));
        assert!(literal(&["10.0.0.0/8"], "http://[::ffff:10.0.0.1]/"));
        assert!(!literal(&["10.0.0.0/8"], "http://[2002:a00:1::1]/"), "the tunnel is not open");
        assert!(!literal(&["2002::/16"], "http://[2002:a00:1::1]/"), "its end is not open");
        assert!(literal(&["2002::/16", "10.0.0.0/8"], "http://[2002:a00:1::1]/"));
        assert!(literal(&["64:ff9b::/96"], "http://[64:ff9b::8.8.8.8]/"), "IPv6-only networks need this");
        assert!(!literal(&["64:ff9b::/96"], "http://[64:ff9b::10.0.0.1]/"));
        assert!(!literal(&["10.0.0.0/8"], "http://192.168.0.1/"));
        assert!(literal(&["10.0.0.1:8080"], "http://10.0.0.1:8080/"));
        assert!(!literal(&["10.0.0.1:8080"], "http://10.0.0.1/"));
        assert!(!literal(&["0.0.0.0/1", "224.0.0.0/4"], "http://0.0.0.0/"), "never");
        assert!(!literal(&["0.0.0.0/1", "224.0.0.0/4"], "http://224.0.0.1/"), "never");
        assert!(literal(&["169.254.169.254"], "http://169.254.169.254/"), "named by its address only");
        assert!(literal(&[], "http://8.8.8.8/"));
    }

    #[test]
    fn names() {
        assert!(!literal(&[], "http://wiki.corp/"));
        assert!(literal(&["*.corp"], "http://WIKI.corp./"));
        assert!(!literal(&["*.corp"], "http://corp/"));
        assert!(!literal(&["wiki.corp:8080"], "http://wiki.corp/"));
        assert!(!resolved(&[], "wiki.corp", &["10.0.0.1"]));
        assert!(resolved(&["wiki.corp"], "wiki.corp", &["10.0.0.1", "fd00::1", "127.0.0.1"]));
        assert!(!resolved(&["wiki.corp"], "wiki.corp", &["169.254.169.254"]), "a name never opens metadata");
        assert!(!resolved(&["wiki.corp"], "other.example", &["10.0.0.1"]));
        assert!(resolved(&["10.0.0.0/8"], "other.example", &["10.0.0.1"]));
        assert!(!resolved(&[], "mixed.example", &["93.184.216.34", "10.0.0.1"]));
        assert!(!resolved(&[], "empty.example", &[]));
        assert!(resolved(&[], "open.example", &["93.184.216.34", "2606:4700::1111"]));
    }
}

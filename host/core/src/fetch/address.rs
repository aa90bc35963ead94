//! The deny table of addresses.
//!
//! Owns: which addresses are not globally routable, by the IANA special-purpose address registries (IPv4 and IPv6, RFC
//! 6890 and its updates). Must not know: names, or an operator's exceptions. Called by the grant.
//!
//! IPv4 is a list of what is denied. IPv6 is the other way round: only `2000::/3` has ever been allocated for global
//! unicast, so everything outside it is denied, and the list names the exceptions inside and the better-known outside.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range that a fetch does not go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// `0.0.0.0` and `::`: on many systems a way to say "this machine".
    Unspecified,
    /// `0.0.0.0/8`.
    ThisNetwork,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// RFC 1918.
    Private,
    /// `100.64.0.0/10`, carrier-grade NAT (RFC 6598); some clouds keep their metadata service there.
    Shared,
    /// `169.254.0.0/16`, `fe80::/10`; home of most cloud metadata services.
    LinkLocal,
    /// `192.0.0.0/24`, `2001::/23`: IETF protocol assignments.
    Protocol,
    /// `192.0.2.0/24`, `198.51.100.0/24`, `203.0.113.0/24`, `2001:db8::/32`, `3fff::/20`.
    Documentation,
    /// `198.18.0.0/15`, `2001:2::/48`.
    Benchmarking,
    /// `192.88.99.0/24`, relays of 6to4, withdrawn by RFC 7526.
    SixToFourRelay,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// `240.0.0.0/4`.
    Reserved,
    /// `255.255.255.255`.
    Broadcast,
    /// `fc00::/7`.
    UniqueLocal,
    /// `fec0::/10`, withdrawn by RFC 3879 and still routed inside old networks.
    SiteLocal,
    /// `100::/64`.
    Discard,
    /// `5f00::/16`, segment routing identifiers (RFC 9602).
    SegmentRouting,
    /// `::ffff:0:0/96`: the socket speaks IPv4.
    Mapped,
    /// `::/96`, withdrawn.
    Compatible,
    /// `64:ff9b::/96`, `64:ff9b:1::/48` (RFC 6052, RFC 8215).
    Nat64,
    /// `2002::/16`.
    SixToFour,
    /// `2001::/32`.
    Teredo,
    /// IPv6 outside `2000::/3`.
    Unallocated,
}

impl Range {
    /// Whether an operator may open this range at all. What is left out has no server behind it that anyone could mean.
    #[must_use]
    pub const fn can_be_allowed(self) -> bool {
        !matches!(
            self,
            Self::Unspecified
                | Self::ThisNetwork
                | Self::Multicast
                | Self::Broadcast
                | Self::Reserved
                | Self::Discard
                | Self::Unallocated
        )
    }

    /// Whether opening a *name* opens this range: what people run servers in. Link-local is not in it, so that allowing
    /// a name never opens the metadata service of a cloud; that takes the address itself.
    #[must_use]
    pub const fn opens_by_name(self) -> bool {
        matches!(self, Self::Loopback | Self::Private | Self::Shared | Self::UniqueLocal | Self::SiteLocal)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::ThisNetwork => "in \"this network\" (0.0.0.0/8)",
            Self::Loopback => "loopback",
            Self::Private => "private (RFC 1918)",
            Self::Shared => "shared address space (100.64.0.0/10)",
            Self::LinkLocal => "link-local",
            Self::Protocol => "kept for protocols",
            Self::Documentation => "kept for documentation",
            Self::Benchmarking => "kept for benchmarks",
            Self::SixToFourRelay => "a 6to4 relay",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Broadcast => "broadcast",
            Self::UniqueLocal => "unique local (fc00::/7)",
            Self::SiteLocal => "site-local",
            Self::Discard => "discard-only",
            Self::SegmentRouting => "a segment routing identifier",
            Self::Mapped => "an IPv4-mapped address",
            Self::Compatible => "an IPv4-compatible address",
            Self::Nat64 => "a NAT64 address",
            Self::SixToFour => "a 6to4 address",
            Self::Teredo => "a Teredo address",
            Self::Unallocated => "not globally routable",
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// An address a fetch does not go to, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeniedAddress {
    /// The address.
    pub address: IpAddr,
    /// What it belongs to.
    pub range: Range,
    /// The IPv4 address hidden in it, for the transition ranges, and what that one belongs to if it is denied itself.
    pub embedded: Option<(Ipv4Addr, Option<Range>)>,
}

impl fmt::Display for DeniedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.address, self.range)?;
        match self.embedded {
            Some((inner, Some(range))) => write!(f, " of {inner}, which is {range}"),
            Some((inner, None)) => write!(f, " of {inner}"),
            None => Ok(()),
        }
    }
}

/// Why an address is denied; `None` if it is globally routable.
#[must_use]
pub fn denied_address(address: IpAddr) -> Option<DeniedAddress> {
    let (range, inner) = match address {
        IpAddr::V4(v4) => (range_v4(v4)?, None),
        IpAddr::V6(v6) => range_v6(v6)?,
    };
    Some(DeniedAddress { address, range, embedded: inner.map(|inner| (inner, range_v4(inner))) })
}

/// First match counts: narrower ranges stand before the wider ones they lie in.
const V4: &[([u8; 4], u8, Range)] = &[
    ([0, 0, 0, 0], 32, Range::Unspecified),
    ([0, 0, 0, 0], 8, Range::ThisNetwork),
    ([10, 0, 0, 0], 8, Range::Private),
    ([100, 64, 0, 0], 10, Range::Shared),
    ([127, 0, 0, 0], 8, Range::Loopback),
    ([169, 254, 0, 0], 16, Range::LinkLocal),
    ([172, 16, 0, 0], 12, Range::Private),
    // Two hosts in it (192.0.0.9 and .10) are marked as reachable; they are anycast helpers of NAT, not web servers.
    ([192, 0, 0, 0], 24, Range::Protocol),
    ([192, 0, 2, 0], 24, Range::Documentation),
    ([192, 88, 99, 0], 24, Range::SixToFourRelay),
    ([192, 168, 0, 0], 16, Range::Private),
    ([198, 18, 0, 0], 15, Range::Benchmarking),
    ([198, 51, 100, 0], 24, Range::Documentation),
    ([203, 0, 113, 0], 24, Range::Documentation),
    ([224, 0, 0, 0], 4, Range::Multicast),
    ([255, 255, 255, 255], 32, Range::Broadcast),
    ([240, 0, 0, 0], 4, Range::Reserved),
];

fn range_v4(address: Ipv4Addr) -> Option<Range> {
    let bits = address.to_bits();
    V4.iter()
        .find(|(base, prefix, _)| {
            let mask = u32::MAX << (32 - u32::from(*prefix));
            bits & mask == u32::from_be_bytes(*base) & mask
        })
        .map(|(_, _, range)| *range)
}

/// First match counts, as above.
const V6: &[(Ipv6Addr, u8, Range)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, Range::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, Range::Loopback),
    (Ipv6Addr::UNSPECIFIED, 96, Range::Compatible),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, Range::Mapped),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, Range::Nat64),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Range::Nat64),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, Range::Discard),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, Range::Teredo),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, Range::Benchmarking),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Range::Protocol),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Range::Documentation),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Range::SixToFour),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Range::Documentation),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, Range::SegmentRouting),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Range::UniqueLocal),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Range::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Range::SiteLocal),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Range::Multicast),
];

fn range_v6(address: Ipv6Addr) -> Option<(Range, Option<Ipv4Addr>)> {
    let bits = address.to_bits();
    let found = V6.iter().find(|(base, prefix, _)| {
        let mask = u128::MAX << (128 - u32::from(*prefix));
        bits & mask == base.to_bits() & mask
    });
    match found {
        Some((_, _, range)) => Some((*range, embedded(address, *range))),
        None if bits >> 125 == 0b001 => None,
        None => Some((Range::Unallocated, None)),
    }
}

/// The IPv4 address a transition address leads to.
fn embedded(address: Ipv6Addr, range: Range) -> Option<Ipv4Addr> {
    let o = address.octets();
    let at = |i: usize| Ipv4Addr::new(o[i], o[i + 1], o[i + 2], o[i + 3]);
    match range {
        Range::Mapped | Range::Compatible => Some(at(12)),
        // The local-use prefix leaves the layout to the network: nothing in it can be taken out for certain.
        Range::Nat64 if address.segments()[2] == 0 => Some(at(12)),
        Range::SixToFour => Some(at(2)),
        // RFC 4380: the client's address stands inverted in the last four bytes.
        Range::Teredo => Some(Ipv4Addr::from_bits(!at(12).to_bits())),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(text: &str) -> Option<Range> {
        denied_address(text.parse().unwrap()).map(|denied| denied.range)
    }

    #[test]
    fn first_and_last_address_of_every_denied_range_and_their_neighbours() {
        let table: &[(&str, &str, Range)] = &[
            ("0.0.0.1", "0.255.255.255", Range::ThisNetwork),
            ("10.0.0.0", "10.255.255.255", Range::Private),
            ("100.64.0.0", "100.127.255.255", Range::Shared),
            ("127.0.0.0", "127.255.255.255", Range::Loopback),
            ("169.254.0.0", "169.254.255.255", Range::LinkLocal),
            ("172.16.0.0", "172.31.255.255", Range::Private),
            ("192.0.0.0", "192.0.0.255", Range::Protocol),
            ("192.0.2.0", "192.0.2.255", Range::Documentation),
            ("192.88.99.0", "192.88.99.255", Range::SixToFourRelay),
            ("192.168.0.0", "192.168.255.255", Range::Private),
            ("198.18.0.0", "198.19.255.255", Range::Benchmarking),
            ("198.51.100.0", "198.51.100.255", Range::Documentation),
            ("203.0.113.0", "203.0.113.255", Range::Documentation),
            ("224.0.0.0", "239.255.255.255", Range::Multicast),
            ("240.0.0.0", "255.255.255.254", Range::Reserved),
            ("::2", "::ffff:ffff", Range::Compatible),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255", Range::Mapped),
            ("64:ff9b::", "64:ff9b::ffff:ffff", Range::Nat64),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Range::Nat64),
            ("100::", "100::ffff:ffff:ffff:ffff", Range::Discard),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Range::Teredo),
            ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Protocol),
            ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Range::Benchmarking),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Range::Documentation),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::SixToFour),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Documentation),
            ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::SegmentRouting),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::UniqueLocal),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::LinkLocal),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::SiteLocal),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Multicast),
        ];
        for (first, last, want) in table {
            assert_eq!((range(first), range(last)), (Some(*want), Some(*want)), "{first} to {last}");
        }
        for (single, want) in [
            ("0.0.0.0", Range::Unspecified),
            ("255.255.255.255", Range::Broadcast),
            ("::", Range::Unspecified),
            ("::1", Range::Loopback),
            ("::ffff:0:10.0.0.1", Range::Unallocated),
            ("4000::1", Range::Unallocated),
            ("1::1", Range::Unallocated),
        ] {
            assert_eq!(range(single), Some(want), "{single}");
        }
        for open in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "3ffe:ffff::",
            "3fff:1000::",
        ] {
            assert_eq!(range(open), None, "{open}");
        }
    }

    #[test]
    fn hidden_addresses_are_taken_out_and_named() {
        for (text, inner) in [
            ("::ffff:169.254.169.254", "169.254.169.254"),
            ("::10.0.0.1", "10.0.0.1"),
            ("64:ff9b::7f00:1", "127.0.0.1"),
            ("2002:c0a8:0101::1", "192.168.1.1"),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"),
        ] {
            let denied = denied_address(text.parse().unwrap()).unwrap();
            assert_eq!(denied.embedded.map(|(v4, _)| v4), Some(inner.parse().unwrap()), "{text}");
            assert!(denied.embedded.unwrap().1.is_some(), "{text}");
            assert!(denied.to_string().contains(inner), "{denied}");
        }
    }

    proptest! {
        #[test]
        fn wrapping_an_address_never_opens_it(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let o = v4.octets();
            let pair = |i: usize| u16::from_be_bytes([o[i], o[i + 1]]);
            for wrapped in [
                v4.to_ipv6_mapped(),
                v4.to_ipv6_compatible(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, pair(0), pair(2)),
                Ipv6Addr::new(0x2002, pair(0), pair(2), 0, 0, 0, 0, 1),
            ] {
                prop_assert!(denied_address(IpAddr::V6(wrapped)).is_some(), "{wrapped}");
            }
        }

        #[test]
        fn nothing_outside_global_unicast_is_open(bits: u128) {
            let open = denied_address(IpAddr::V6(Ipv6Addr::from_bits(bits))).is_none();
            prop_assert!(!open || bits >> 125 == 1);
        }
    }
}

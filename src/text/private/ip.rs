//! Public internet addresses. Private, documentation and reserved ranges say nothing of anybody (IANA special-purpose registries).

use std::net::{Ipv4Addr, Ipv6Addr};

use memchr::memmem;

use super::{Found, Kind, begins, ends};

/// True for addresses that are routed in the internet.
pub(super) fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_documentation() || address.is_benchmarking_range();
    !(special || a == 0 || a >= 224 || (a == 100 && (64..128).contains(&b)) || (a == 192 && b == 0 && c == 0))
}

trait Benchmarking {
    fn is_benchmarking_range(&self) -> bool;
}

impl Benchmarking for Ipv4Addr {
    /// 198.18.0.0/15 (RFC 2544).
    fn is_benchmarking_range(&self) -> bool {
        let [a, b, ..] = self.octets();
        a == 198 && (b & 0xfe) == 18
    }
}

/// IPv6 addresses of the global unicast range, documentation left out: at least four colons, or two in a row.
pub(super) fn find_v6(text: &str, out: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
    let mut floor = 0;
    for at in memmem::find_iter(bytes, b":") {
        if at < floor {
            continue;
        }
        let start = (floor..at).rev().take_while(|i| is_part(bytes[*i])).last().unwrap_or(at);
        let end = (at..bytes.len()).find(|i| !is_part(bytes[*i])).unwrap_or(bytes.len());
        floor = end;
        let word = text.get(start..end).unwrap_or_default();
        let word = word.strip_suffix(':').filter(|word| !word.ends_with(':')).unwrap_or(word);
        let end = start + word.len();
        if (11..=39).contains(&word.len()) && begins(text, start) && ends(text, end) && word.parse().is_ok_and(is_global) {
            out.push(Found { kind: Kind::Ip, span: start..end });
        }
    }
}

fn is_global(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    (0x2000..0x4000).contains(&a) && (a, b) != (0x2001, 0xdb8)
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;

    #[test]
    fn public_addresses_are_found_in_both_forms() {
        assert_eq!(all("from 93.184.216.34:80, then"), [("ip", "93.184.216.34")]);
        assert_eq!(all("[2606:2800:220:1:248:1893:25c8:1946]"), [("ip", "2606:2800:220:1:248:1893:25c8:1946")]);
        assert_eq!(all("at 2a00:1450:4001:81b::200e: yes"), [("ip", "2a00:1450:4001:81b::200e")]);
        assert_eq!(all("地址93.184.216.34的"), [("ip", "93.184.216.34")]);
    }

    #[test]
    fn addresses_of_nobody_stay() {
        for text in ["2001:db8::1428:57ab", "fe80::1ff:fe23:4567:890a", "198.51.100.7", "198.18.0.1", "100.64.1.1", "12:30:45:10", "255.1.2.256", "8.8.8.8.8"] {
            assert_eq!(all(text), [], "{text}");
        }
    }
}

//! IP addresses and networks.

use std::net::IpAddr;

/// A range of addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads an address or a range such as `10.1.2.0/24`; bits behind the prefix are ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= longest)?
            }
            Some(_) => return None,
        };
        Some(Self { address, prefix })
    }

    /// Says whether every address of `other` is one of this network. An IPv4 address is never in an IPv6 network.
    pub fn contains(&self, other: &Self) -> bool {
        let (own, others, width) = match (self.address, other.address) {
            (IpAddr::V4(own), IpAddr::V4(others)) => {
                (u128::from(own.to_bits()), u128::from(others.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(others)) => (own.to_bits(), others.to_bits(), 128),
            _ => return false,
        };
        let ignored = width - u32::from(self.prefix);
        let first_bits = |bits: u128| bits.checked_shr(ignored).unwrap_or(0);
        other.prefix >= self.prefix && first_bits(own) == first_bits(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(network: &str, other: &str, expected: bool) {
        let contains = Network::parse(network).unwrap().contains(&Network::parse(other).unwrap());
        assert_eq!(contains, expected, "{other} in {network}");
    }

    #[test]
    fn ranges() {
        check("10.1.2.0/24", "10.1.2.77", true);
        check("10.1.2.3/24", "10.1.2.77", true);
        check("10.1.2.0/24", "10.1.3.1", false);
        check("10.0.0.0/8", "10.1.0.0/16", true);
        check("10.1.0.0/16", "10.0.0.0/8", false);
        check("0.0.0.0/0", "255.1.2.3", true);
        check("::/0", "2001:db8::1", true);
        check("2001:db8::/32", "2001:db8:1::5", true);
        check("::/0", "10.0.0.1", false);
        check("10.0.0.1", "10.0.0.1", true);
    }

    #[test]
    fn what_is_no_network() {
        for text in
            ["10.1.2.300", "300.1.1.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1:80", "", "10.0.0.0/+8"]
        {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}

//! `url: {hosts: [...], schemes: [...]}`: the argument is a web address of hosts that are allowed.
//!
//! Only addresses that no two readers take for different hosts pass. Without `private: true`, or the
//! very host in `hosts`, addresses of this machine and of private networks are refused. Residual:
//! where a name leads, now or at the moment of the request, and what an answer redirects to.

use core::net::Ipv4Addr;

use super::Why;
use crate::{node::Node, uri::origin};

/// The demand.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    /// Names in lower case, `*.` before one for all below it; any where there are none.
    pub(crate) hosts: Vec<String>,
    /// `https`, `http`.
    pub(crate) schemes: Vec<String>,
    /// Addresses of private networks pass too.
    pub(crate) private: bool,
}

const SAYS: &str = "it has to be a web address that is allowed";

impl Web {
    pub(super) fn check(&self, value: &Node<'_>) -> Result<(), Why> {
        match value {
            Node::String(text) => self.check_text(text),
            Node::Array(items) if !items.is_empty() => {
                items.iter().try_for_each(|it| match it.as_text() {
                    Some(text) => self.check_text(text),
                    None => Err(Why::new(SAYS, "an item of it is no text")),
                })
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => {
                Err(Why::new(SAYS, "it is no text"))
            }
        }
    }

    fn check_text(&self, text: &str) -> Result<(), Why> {
        let Some(origin) = origin(text) else {
            let detail =
                "it is no plain http or https address: readers could take it for another host";
            return Err(Why::new(SAYS, detail));
        };
        let (scheme, rest) = origin.split_once("://").unwrap_or_default();
        let host = rest.split(':').next().unwrap_or_default();
        if !self.schemes.iter().any(|it| it == scheme) {
            return Err(Why::new(
                SAYS,
                format!("its scheme `{scheme}` is not in `schemes`"),
            ));
        }
        let Some(address) = address(host) else {
            return Err(Why::new(
                SAYS,
                "its host is a number that readers take differently",
            ));
        };
        if self.hosts.iter().any(|it| it == host) {
            return Ok(());
        }
        if !self.private && is_private(host, address) {
            return Err(Why::new(
                SAYS,
                "it is an address of this machine or a private network",
            ));
        }
        let below = |it: &String| {
            let parent = it.strip_prefix('*');
            parent.is_some_and(|parent| host.len() > parent.len() && host.ends_with(parent))
        };
        if self.hosts.is_empty() || self.hosts.iter().any(below) {
            return Ok(());
        }
        Err(Why::new(SAYS, "its host is not in `hosts`"))
    }
}

/// What a host is by number: `None` where it is a number in a form that readers take differently.
#[expect(
    clippy::option_option,
    reason = "no name, no address, and an address are three things"
)]
fn address(host: &str) -> Option<Option<Ipv4Addr>> {
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.starts_with(|it: char| it.is_ascii_digit())
        && (last.chars().all(|it| it.is_ascii_digit()) || last.starts_with("0x"));
    if !numeric {
        return Some(None);
    }
    host.parse().ok().map(Some)
}

fn is_private(host: &str, address: Option<Ipv4Addr>) -> bool {
    if let Some(it) = address {
        let [first, second, ..] = it.octets();
        let shared = first == 100 && (64..128).contains(&second);
        return it.is_private()
            || it.is_loopback()
            || it.is_link_local()
            || it.is_unspecified()
            || it.is_broadcast()
            || it.is_multicast()
            || it.is_documentation()
            || first == 0
            || first >= 240
            || shared
            || (first == 198 && (second == 18 || second == 19));
    }
    // Names without a dot, and those that are kept for local use (RFC 6761, 6762, 8375).
    let local = [
        "localhost",
        "local",
        "internal",
        "lan",
        "home",
        "corp",
        "intranet",
        "arpa",
    ];
    !host.contains('.') || local.iter().any(|it| host.rsplit('.').next() == Some(it))
}

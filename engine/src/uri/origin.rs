//! The origin of a web address, of those that no two readers take for different hosts.

use super::LONGEST;

/// The longest host name there is.
const LONGEST_HOST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Scheme, host and port of an `http` or `https` address, as `https://host:port`, in lower case and
/// without a port that is the scheme's own. `None` where there are credentials, an escape, anything
/// but plain ASCII, or another form that readers of URLs are known to take differently.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    if url.len() > LONGEST || !url.bytes().all(is_plain) {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let own_port = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    // What else may end a host is where readers differ.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if !(path.is_empty() || path.starts_with('/')) {
        return None;
    }
    let (host, port) = match authority.split_once(':') {
        None => (authority, own_port),
        Some((host, port)) => (host, self::port(port)?),
    };
    if !is_host(host) {
        return None;
    }
    let host = host.to_ascii_lowercase();
    Some(if port == own_port {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}:{port}")
    })
}

fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = text.parse().ok()?;
    (digits && port > 0 && !text.starts_with('0')).then_some(port)
}

/// Labels of letters, digits and inner hyphens: no escape, no bracket, no dot at the end.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= LONGEST_HOST && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (url, expected) in [
            ("https://example.com", "https://example.com"),
            ("https://example.com/", "https://example.com"),
            ("HTTPS://Example.COM/a/@b?c#d", "https://example.com"),
            ("https://example.com:443/x", "https://example.com"),
            ("https://example.com:8443/x", "https://example.com:8443"),
            ("http://example.com:443/x", "http://example.com:443"),
            ("http://localhost:80", "http://localhost"),
            ("http://127.0.0.1/x", "http://127.0.0.1"),
            (
                "https://xn--bcher-kva.example/",
                "https://xn--bcher-kva.example",
            ),
        ] {
            assert_eq!(origin(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn what_readers_take_differently_has_no_origin() {
        for url in [
            "",
            "example.com",
            "//example.com/",
            "ftp://example.com/",
            "javascript://example.com/%0aalert(1)",
            "https:/example.com/",
            "https:example.com",
            "https:///example.com/",
            "https://",
            "https://user@example.com/",
            "https://example.com@evil.example/",
            "https://example.com:x@evil.example/",
            "https://example.com:443@evil.example/",
            "https://example.com\\@evil.example/",
            "https://example.com\\.evil.example/",
            "https://example.com#@evil.example/",
            "https://example.com?@evil.example/",
            "https://example.com%2f@evil.example/",
            "https://example.com%00.evil.example/",
            "https://example%2ecom/",
            "https://ex\tample.com/",
            " https://example.com/",
            "https://example.com /",
            "https://example.com\n/",
            "https://example.com./",
            "https://example..com/",
            "https://.example.com/",
            "https://-example.com/",
            "https://example_.com/",
            "https://ex\u{430}mple.com/",
            "https://example\u{3002}com/",
            "https://example.com\u{ff0f}evil/",
            "https://example.com/\u{202e}",
            "https://[::1]/",
            "https://[example.com]/",
            "https://example.com:/",
            "https://example.com:0/",
            "https://example.com:0443/",
            "https://example.com:65536/",
            "https://example.com:+443/",
            "https://example.com:443:443/",
            "https://example.com;evil/",
        ] {
            assert_eq!(origin(url), None, "{url:?}");
        }
        assert_eq!(origin(&format!("https://{}.com/", "a".repeat(64))), None);
        assert_eq!(
            origin(&format!("https://a.com/{}", "a".repeat(LONGEST))),
            None
        );
    }
}

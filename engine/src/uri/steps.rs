//! The single steps by which a reader turns one text of a URI into another.

use crate::name::normal_form;

/// A step taken, as a set of bits.
pub(super) type Steps = u16;

/// Percent-decoding, once.
pub(super) const DECODE: Steps = 1;
/// Back slashes as slashes.
pub(super) const TURN: Steps = 1 << 1;
/// Scheme and host in lower case.
pub(super) const LOWER: Steps = 1 << 2;
/// The host without user, usual port and closing dot.
pub(super) const BARE: Steps = 1 << 3;
/// `file:` without a host.
pub(super) const LOCAL: Steps = 1 << 4;
/// `file:` with what stands for a host as the first folder.
pub(super) const HOST_AS_FOLDER: Steps = 1 << 5;
/// Repeated slashes as one.
pub(super) const COLLAPSE: Steps = 1 << 6;
/// `.` and `..` resolved in the path.
pub(super) const DOTS: Steps = 1 << 7;
/// Without fragment.
pub(super) const NO_FRAGMENT: Steps = 1 << 8;
/// Without query and fragment.
pub(super) const NO_QUERY: Steps = 1 << 9;
/// Up to the first NUL.
pub(super) const TO_NUL: Steps = 1 << 10;
/// Lower case, compatibility form, no invisible characters.
pub(super) const FOLD: Steps = 1 << 11;
/// `.` and `..` resolved in the path and what follows it, for readers to whom `?` is a letter.
pub(super) const DOTS_IN_TAIL: Steps = 1 << 12;
/// `.` and `..` resolved in all that follows the scheme, for readers that only take that off.
pub(super) const DOTS_IN_HOST: Steps = 1 << 13;
/// The first folder as the host where there is none: `note:///a` as `note://a`.
pub(super) const FOLDER_AS_HOST: Steps = 1 << 14;

/// The text after a step, or `None` where it changes nothing or can't be told. A pattern's `*` is not
/// taken for a folder that `..` leads out of.
pub(super) type Step = fn(&str, bool) -> Option<String>;

pub(super) const ALL: [(Steps, Step); 15] = [
    (DECODE, |text, _| decoded(text)),
    (TURN, |text, _| {
        text.contains('\\').then(|| text.replace('\\', "/"))
    }),
    (LOWER, |text, _| changed(text, lower(text))),
    (BARE, |text, _| changed(text, bare(text)?)),
    (LOCAL, |text, _| changed(text, local(text)?)),
    (HOST_AS_FOLDER, |text, _| host_as_folder(text)),
    (COLLAPSE, |text, _| changed(text, collapsed(text))),
    (FOLDER_AS_HOST, |text, _| folder_as_host(text)),
    (DOTS, |text, is_pattern| {
        let parts = Parts::of(text);
        let path = resolved(parts.path, is_pattern)?;
        changed(text, parts.put_together(parts.authority, &path))
    }),
    (DOTS_IN_TAIL, |text, is_pattern| {
        let parts = Parts::of(text).without_tail(text);
        let path = resolved(parts.path, is_pattern)?;
        changed(text, parts.put_together(parts.authority, &path))
    }),
    (DOTS_IN_HOST, |text, is_pattern| {
        let (start, rest) = text.split_once("://")?;
        changed(text, format!("{start}://{}", resolved(rest, is_pattern)?))
    }),
    (NO_FRAGMENT, |text, _| cut(text, &['#'])),
    (NO_QUERY, |text, _| cut(text, &['?', '#'])),
    (TO_NUL, |text, _| cut(text, &['\0'])),
    (FOLD, |text, _| {
        changed(text, normal_form(text).into_owned())
    }),
];

fn changed(before: &str, after: String) -> Option<String> {
    (before != after).then_some(after)
}

fn cut(text: &str, at: &[char]) -> Option<String> {
    Some(text.get(..text.find(at)?)?.to_owned())
}

/// A URI's parts; put one after the other they are the URI, but for the `//` before the authority.
#[derive(Clone, Copy)]
struct Parts<'u> {
    /// With its colon; empty where there is none.
    scheme: &'u str,
    authority: Option<&'u str>,
    path: &'u str,
    /// Query and fragment.
    tail: &'u str,
}

impl<'u> Parts<'u> {
    fn of(uri: &'u str) -> Self {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let scheme = uri
            .find(|c: char| !letter(c))
            .filter(|end| *end > 0 && uri.get(*end..).is_some_and(|rest| rest.starts_with(':')))
            .map_or(0, |end| end + 1);
        let (scheme, rest) = uri.split_at_checked(scheme).unwrap_or(("", uri));
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
                let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (Some(authority), rest)
            }
            None => (None, rest),
        };
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let (path, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        Parts {
            scheme,
            authority,
            path,
            tail,
        }
    }

    /// With query and fragment taken for parts of the path.
    fn without_tail(self, uri: &'u str) -> Self {
        let start = uri.len() - self.path.len() - self.tail.len();
        Parts {
            path: uri.get(start..).unwrap_or(self.path),
            tail: "",
            ..self
        }
    }

    fn put_together(self, authority: Option<&str>, path: &str) -> String {
        let mut text = self.scheme.to_owned();
        if let Some(authority) = authority {
            text.push_str("//");
            text.push_str(authority);
        }
        text.push_str(path);
        text.push_str(self.tail);
        text
    }

    fn is_file(self) -> bool {
        self.scheme.eq_ignore_ascii_case("file:")
    }
}

fn lower(uri: &str) -> String {
    let parts = Parts::of(uri);
    let parts = Parts {
        scheme: &parts.scheme.to_ascii_lowercase(),
        ..parts
    };
    let host = parts.authority.map(|authority| {
        // The user's name keeps its case.
        let start = authority.rfind('@').map_or(0, |at| at + 1);
        let (user, host) = authority.split_at_checked(start).unwrap_or(("", authority));
        format!("{user}{}", host.to_lowercase())
    });
    parts.put_together(host.as_deref(), parts.path)
}

fn bare(uri: &str) -> Option<String> {
    let parts = Parts::of(uri);
    let host = parts.authority?.rsplit('@').next()?;
    let usual = match parts.scheme.to_ascii_lowercase().as_str() {
        "http:" | "ws:" => "80",
        "https:" | "wss:" => "443",
        "ftp:" => "21",
        _ => "",
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => {
            (name, port.trim_start_matches('0'))
        }
        _ => (host, ""),
    };
    // A full stop of another script ends a part of a name as well.
    let name = name.replace('\u{3002}', ".");
    let name = name.strip_suffix('.').unwrap_or(&name);
    let host = if port == usual || port.is_empty() {
        name.to_owned()
    } else {
        format!("{name}:{port}")
    };
    Some(parts.put_together(Some(&host), parts.path))
}

fn local(uri: &str) -> Option<String> {
    let parts = Parts::of(uri);
    let slash = if parts.path.starts_with(['/', '\\']) {
        ""
    } else {
        "/"
    };
    let path = format!("{slash}{}", parts.path);
    parts.is_file().then(|| parts.put_together(Some(""), &path))
}

fn host_as_folder(uri: &str) -> Option<String> {
    let parts = Parts::of(uri);
    let host = parts.authority.filter(|host| !host.is_empty())?;
    parts
        .is_file()
        .then(|| parts.put_together(Some(""), &format!("/{host}{}", parts.path)))
}

/// Every run of slashes as one, but for those before the authority.
fn collapsed(uri: &str) -> String {
    let parts = Parts::of(uri).without_tail(uri);
    let mut path = String::with_capacity(parts.path.len());
    for letter in parts.path.chars() {
        if letter != '/' || !path.ends_with('/') {
            path.push(letter);
        }
    }
    parts.put_together(parts.authority, &path)
}

fn folder_as_host(uri: &str) -> Option<String> {
    let parts = Parts::of(uri);
    let no_host = parts.authority.is_none_or(str::is_empty);
    let fits = no_host && !parts.scheme.is_empty() && !parts.is_file();
    fits.then(|| parts.put_together(Some(""), parts.path.trim_start_matches('/')))
}

fn resolved(path: &str, is_pattern: bool) -> Option<String> {
    let (root, rest) = match path.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", path),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_in_dots = false;
    for segment in rest.split('/') {
        // What follows a `;` is a parameter to some readers.
        let name = segment.split(';').next().unwrap_or(segment);
        ends_in_dots = matches!(name, "." | "..");
        match name {
            "." => {}
            ".." => {
                if kept.pop().is_some_and(|it| is_pattern && it.contains('*')) {
                    return None;
                }
            }
            _ => kept.push(segment),
        }
    }
    let slash = if ends_in_dots && !kept.is_empty() {
        "/"
    } else {
        ""
    };
    Some(format!("{root}{}{slash}", kept.join("/")))
}

/// Percent-decoded once, as the most lenient reader would.
fn decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |index: usize| char::from(*after.get(index)?).to_digit(16);
        match (*first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    changed(text, lenient(&bytes))
}

/// Bytes as text: UTF-8, over-long forms too, and what is none as Latin-1.
fn lenient(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let (length, bits) = match first {
            0xc0..=0xdf => (1, first & 0x1f),
            0xe0..=0xef => (2, first & 0x0f),
            0xf0..=0xf7 => (3, first & 0x07),
            _ => (0, *first),
        };
        let more = after.get(..length).unwrap_or_default();
        let whole = more.len() == length && more.iter().all(|byte| byte & 0xc0 == 0x80);
        let code = more.iter().fold(u32::from(bits), |code, byte| {
            code << 6 | u32::from(byte & 0x3f)
        });
        match char::from_u32(code).filter(|_| whole) {
            Some(letter) => {
                text.push(letter);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                text.push(char::from(*first));
                rest = after;
            }
        }
    }
    text
}

//! Values with a form of their own: spans of time and sizes.

use std::time::Duration;

use super::{
    fields::{Plain, plain},
    source::Source,
    yaml::{Tree, Value},
};

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3600);

const SMALLEST: usize = 1 << 10;
const LARGEST: usize = 64 << 20;

/// Reads `ask_timeout`: seconds as a number, or text such as `90s` or `2m`.
pub(super) fn timeout(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<Duration> {
    let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let seconds = amount(tree, &units)
        .or_else(|| reject(tree, what, "seconds, or text such as `90s` or `2m`", source))?;
    let duration = Duration::try_from_secs_f64(seconds).ok();
    let bounded = duration.filter(|it| (SHORTEST..=LONGEST).contains(it));
    if bounded.is_none() {
        source.error(
            tree.at,
            format!("{what} must lie between 1 second and 1 hour"),
        );
    }
    bounded
}

/// Reads `max_scan_size`: bytes as a number, or text such as `512KB` or `1MB`.
pub(super) fn size(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<usize> {
    let (kilo, mega) = (f64::from(1 << 10), f64::from(1 << 20));
    let units = [
        ("KiB", kilo),
        ("MiB", mega),
        ("KB", kilo),
        ("MB", mega),
        ("K", kilo),
        ("M", mega),
        ("B", 1.0),
    ];
    let bytes = amount(tree, &units).or_else(|| {
        reject(
            tree,
            what,
            "bytes, or text such as `512KB` or `1MB`",
            source,
        )
    })?;
    let bounded = (SMALLEST..=LARGEST).find_bytes(bytes);
    if bounded.is_none() {
        source.error(tree.at, format!("{what} must lie between 1KB and 64MB"));
    }
    bounded
}

trait FindBytes {
    fn find_bytes(&self, bytes: f64) -> Option<usize>;
}

impl FindBytes for std::ops::RangeInclusive<usize> {
    /// The whole number of bytes, where it lies in the range.
    fn find_bytes(&self, bytes: f64) -> Option<usize> {
        let whole = format!("{bytes:.0}").parse::<usize>().ok()?;
        self.contains(&whole).then_some(whole)
    }
}

fn reject<T>(tree: &Tree, what: &str, wanted: &str, source: &mut Source<'_>) -> Option<T> {
    source.error(tree.at, format!("{what} must be {wanted}"));
    None
}

/// A number as it stands, or text that ends in a unit.
fn amount(tree: &Tree, units: &[(&str, f64)]) -> Option<f64> {
    let (Value::Plain(text) | Value::Quoted(text)) = &tree.value else {
        return None;
    };
    if let Some(number) = decimal(text) {
        let bare = matches!(&tree.value, Value::Plain(text) if plain(text) == Plain::Number);
        return bare.then_some(number);
    }
    let with_unit = |(unit, factor): &(&str, f64)| {
        Some(decimal(text.trim().strip_suffix(unit)?.trim_end())? * factor)
    };
    units.iter().find_map(with_unit)
}

fn decimal(text: &str) -> Option<f64> {
    let digits = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| digits)
}

//! Times and durations as a person types them.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The longest duration taken, in seconds: ten years.
const LONGEST: i64 = 10 * 366 * 24 * 3600;

/// What was typed is no time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadTime {
    /// Not a point in time.
    Moment(String),
    /// Not a duration.
    Duration(String),
}

impl fmt::Display for BadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moment(typed) => write!(
                f,
                "`{typed}` is no time; give a duration back from now (`15m`, `2h`, `3d`), a date \
                 (`2026-11-22`, UTC) or RFC 3339 (`2026-11-22T10:00:00Z`)"
            ),
            Self::Duration(typed) => {
                write!(
                    f,
                    "`{typed}` is no duration; give one like `90s`, `15m`, `2h` or `3d`"
                )
            }
        }
    }
}

impl std::error::Error for BadTime {}

/// A moment as typed, to be fixed once the present is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A point in time.
    At(Timestamp),
    /// So long before now.
    Ago(SignedDuration),
}

impl When {
    /// The point in time meant.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

impl std::str::FromStr for When {
    type Err = BadTime;

    fn from_str(typed: &str) -> Result<Self, BadTime> {
        if let Ok(ago) = duration(typed) {
            return Ok(Self::Ago(ago));
        }
        if let Ok(at) = typed.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        typed
            .parse::<Date>()
            .and_then(|date| date.to_zoned(TimeZone::UTC))
            .map(|midnight| Self::At(midnight.timestamp()))
            .map_err(|_| BadTime::Moment(typed.to_owned()))
    }
}

/// Reads `90s`, `15m`, `2h`, `3d`, `1w`, and sums such as `1h30m`.
///
/// # Errors
/// When it is no duration, zero, or over ten years.
pub fn duration(typed: &str) -> Result<SignedDuration, BadTime> {
    let bad = || BadTime::Duration(typed.to_owned());
    let mut seconds = 0_i64;
    let mut digits = String::new();
    for character in typed.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return Err(bad()),
        };
        let count: i64 = digits.parse().map_err(|_| bad())?;
        digits.clear();
        seconds = count
            .checked_mul(unit)
            .and_then(|more| seconds.checked_add(more))
            .filter(|sum| *sum <= LONGEST)
            .ok_or_else(bad)?;
    }
    if seconds == 0 || !digits.is_empty() {
        return Err(bad());
    }
    Ok(SignedDuration::from_secs(seconds))
}

/// When the day ends that it is at a place; `None` at the end of time.
#[must_use]
pub fn end_of_day(now: Timestamp, place: &TimeZone) -> Option<Timestamp> {
    let tomorrow = now.to_zoned(place.clone()).tomorrow().ok()?;
    Some(tomorrow.start_of_day().ok()?.timestamp())
}

/// RFC 3339, UTC, milliseconds: the form of every time in aip's records.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A record's time for a table: date and time of day to the second; as it is where it is no
/// time.
#[must_use]
pub fn short(time: &str) -> String {
    time.parse::<Timestamp>().map_or_else(
        |_| crate::text::visible(time),
        |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_counts_with_a_unit() {
        check("90s", Some(90));
        check("15m", Some(900));
        check("2h", Some(7200));
        check("3d", Some(259_200));
        check("1w", Some(604_800));
        check("1h30m", Some(5400));
        check("", None);
        check("15", None);
        check("m", None);
        check("0m", None);
        check("-5m", None);
        check("5 m", None);
        check("5y", None);
        check("99999999999999999999s", None);
        check("9999w", None);
        fn check(typed: &str, seconds: Option<i64>) {
            assert_eq!(
                duration(typed).ok().map(|it| it.as_secs()),
                seconds,
                "{typed}"
            );
        }
    }

    #[test]
    fn a_day_ends_where_the_person_is() {
        check("2026-11-22T12:00:00Z", 0, "2026-11-23T00:00:00.000Z");
        check("2026-11-22T23:59:59.999Z", 0, "2026-11-23T00:00:00.000Z");
        check("2026-11-23T00:00:00Z", 0, "2026-11-24T00:00:00.000Z");
        check("2026-11-22T12:00:00Z", -8, "2026-11-23T08:00:00.000Z");
        check("2026-11-22T20:00:00Z", 9, "2026-11-23T15:00:00.000Z");
        fn check(now: &str, hours: i8, expected: &str) {
            let place = TimeZone::fixed(jiff::tz::offset(hours));
            let end = end_of_day(now.parse().unwrap(), &place).unwrap();
            assert_eq!(rfc3339(end), expected, "{now} at {hours}");
        }
    }

    #[test]
    fn moments_are_ago_a_date_or_a_full_time() {
        check("15m", "2026-11-22T11:45:00.000Z");
        check("2d", "2026-11-20T12:00:00.000Z");
        check("2026-11-01", "2026-11-01T00:00:00.000Z");
        check("2026-11-01T10:30:00Z", "2026-11-01T10:30:00.000Z");
        check("2026-11-01T10:30:00.5+02:00", "2026-11-01T08:30:00.500Z");
        check("yesterday", "`yesterday` is no time");
        check("2026-13-01", "`2026-13-01` is no time");
        fn check(typed: &str, expected: &str) {
            let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
            let got = typed
                .parse::<When>()
                .map_or_else(|error| error.to_string(), |when| rfc3339(when.at(now)));
            assert!(got.starts_with(expected), "{typed}: {got}");
        }
    }
}

//! The clock, read at the edge and handed inward as milliseconds since 1970.

use jiff::Timestamp;

/// In seconds.
const DAY: i64 = 86_400;
/// Milliseconds from 1970 to the year 10000: times before and after are left to the library.
const FORMATTED_BY_HAND: i64 = 253_402_300_800_000;

/// Now, in milliseconds since 1970 UTC.
#[must_use]
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// RFC 3339, UTC, milliseconds: the form of every timestamp aip writes.
#[must_use]
pub fn rfc3339(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let ms = time.as_millisecond();
    if !(0..FORMATTED_BY_HAND).contains(&ms) {
        return time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    }
    let (seconds, millis) = (ms / 1000, ms % 1000);
    let (year, month, day) = civil(seconds / DAY);
    let of_day = seconds % DAY;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let mut text = String::with_capacity(24);
    for (number, digits, after) in [
        (year, 4, '-'),
        (month, 2, '-'),
        (day, 2, 'T'),
        (hour, 2, ':'),
        (minute, 2, ':'),
        (second, 2, '.'),
        (millis, 3, 'Z'),
    ] {
        for power in (0..digits).rev() {
            let digit = number / 10_i64.pow(power) % 10;
            text.push(char::from(b'0' + digit as u8));
        }
        text.push(after);
    }
    text
}

/// Year, month and day of a day counted from 1970-01-01, by the Gregorian calendar's cycle of
/// 146 097 days, its years taken to begin in March so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let from_march_0000 = days + 719_468;
    let cycle = from_march_0000.div_euclid(146_097);
    let day_of_cycle = from_march_0000.rem_euclid(146_097);
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = cycle * 400 + year_of_cycle + i64::from(month <= 2);
    (year, month, day)
}

/// Reads an RFC 3339 time; `None` when it isn't one.
#[must_use]
pub fn parse_ms(text: &str) -> Option<i64> {
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_the_library(ms: i64) -> String {
        let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    #[test]
    fn each_day_of_a_calendar_cycle_and_its_edges_are_written_as_the_library_does() {
        for day in 0..=146_097 + 366 {
            for ms in [-1, 0, 1, 86_399_999] {
                let ms = day * 86_400_000 + ms;
                assert_eq!(rfc3339(ms), by_the_library(ms));
            }
        }
        for ms in [i64::MIN, i64::MAX, 253_402_300_799_999, 253_402_300_800_000] {
            assert_eq!(rfc3339(ms), by_the_library(ms));
        }
    }

    proptest! {
        #[test]
        fn any_time_is_written_as_the_library_does(ms in any::<i64>(), near in -1_000_000_000_000_000..1_000_000_000_000_000_i64) {
            prop_assert_eq!(rfc3339(ms), by_the_library(ms));
            prop_assert_eq!(rfc3339(near), by_the_library(near));
        }
    }
}

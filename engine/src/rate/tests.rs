//! Rates: how they are read, how they are spent, and what a wrong clock does to them.

use super::*;
use proptest::prelude::*;

#[test]
fn a_rate_is_a_number_and_a_period() {
    check_parse("10/minute", Ok((10, MINUTE_MS)));
    check_parse("10/min", Ok((10, MINUTE_MS)));
    check_parse("1/m", Ok((1, MINUTE_MS)));
    check_parse("5/second", Ok((5, SECOND_MS)));
    check_parse("5/sec", Ok((5, SECOND_MS)));
    check_parse("5/s", Ok((5, SECOND_MS)));
    check_parse("100 / hour", Ok((100, HOUR_MS)));
    check_parse("100/hr", Ok((100, HOUR_MS)));
    check_parse("100/h", Ok((100, HOUR_MS)));
    check_parse("10", Err(RateError::Form));
    check_parse("", Err(RateError::Form));
    check_parse("0/minute", Err(RateError::Count("0".into())));
    check_parse("-1/minute", Err(RateError::Count("-1".into())));
    check_parse("+1/minute", Err(RateError::Count("+1".into())));
    check_parse("1.5/minute", Err(RateError::Count("1.5".into())));
    check_parse("/minute", Err(RateError::Count(String::new())));
    check_parse(
        "99999999999/minute",
        Err(RateError::Count("99999999999".into())),
    );
    check_parse("1/day", Err(RateError::Period("day".into())));
    check_parse("1/minute/2", Err(RateError::Period("minute/2".into())));
    check_parse("1001/second", Err(RateError::TooFast));
}

#[test]
fn so_many_calls_may_come_at_once_and_then_one_after_another() {
    check(
        "3/minute",
        &[(0, true), (0, true), (0, true), (0, false), (19_999, false)],
    );
    check(
        "3/minute",
        &[
            (0, true),
            (0, true),
            (0, true),
            (20_000, true),
            (20_000, false),
        ],
    );
    check("1/minute", &[(0, true), (59_999, false), (60_000, true)]);
    check("7/second", &[(0, true); 7]);
    check(
        "2/second",
        &[
            (0, true),
            (0, true),
            (5_000, true),
            (5_000, true),
            (5_000, false),
        ],
    );
}

#[test]
fn a_clock_set_back_locks_nobody_out_for_more_than_a_period() {
    let hour = 3_600_000;
    check(
        "1/minute",
        &[(hour, true), (0, false), (59_999, false), (60_000, true)],
    );
    check(
        "2/minute",
        &[(hour, true), (hour, true), (0, false), (30_000, true)],
    );
}

#[test]
fn a_clock_far_ahead_overflows_nothing() {
    check(
        "1/hour",
        &[(i64::MAX, true), (i64::MAX, false), (i64::MIN, false)],
    );
}

#[test]
fn what_is_given_back_can_be_spent_again() {
    let mut buckets = Buckets::default();
    let limit = Limit::parse("1/minute").unwrap();
    let spent = buckets.spend("t", limit, 0).unwrap();
    assert_eq!(buckets.spend("t", limit, 0), Err(60_000));
    buckets.undo(&spent);
    let again = buckets.spend("t", limit, 0).unwrap();
    buckets.undo(&Spent {
        also: Vec::new(),
        after_ms: 1,
        ..again
    });
    assert_eq!(buckets.spend("t", limit, 0), Err(60_000));
}

#[test]
fn what_is_restored_never_gives_more() {
    let mut buckets = Buckets::default();
    let limit = Limit::parse("1/minute").unwrap();
    buckets.restore("t", 60_000);
    buckets.restore("t", 10);
    assert_eq!(buckets.spend("t", limit, 0), Err(60_000));
    assert_eq!(
        buckets.spend("u", limit, 0).map(|it| it.after_ms),
        Ok(60_000)
    );
}

#[test]
fn a_full_table_refuses_new_names_and_keeps_the_old() {
    let mut buckets = Buckets::default();
    let limit = Limit::parse("2/hour").unwrap();
    for n in 0..MAX_KEYS {
        assert!(buckets.spend(&format!("t{n}"), limit, 0).is_ok());
    }
    assert!(buckets.spend("one more", limit, 0).is_err());
    assert!(buckets.spend("t7", limit, 0).is_ok());
    assert!(buckets.spend("one more", limit, HOUR_MS).is_ok());
}

proptest! {
    #[test]
    fn no_window_ever_sees_more_than_twice_the_limit(
        count in 1u32..50,
        gaps in prop::collection::vec(0i64..4_000, 1..300),
    ) {
        let limit = Limit { count, period_ms: MINUTE_MS };
        let mut buckets = Buckets::default();
        let (mut now, mut passed) = (0, Vec::new());
        for gap in gaps {
            now += gap;
            if buckets.spend("t", limit, now).is_ok() {
                passed.push(now);
            }
        }
        for (index, start) in passed.iter().enumerate() {
            let within = passed[index..].iter().filter(|at| **at - start < MINUTE_MS).count();
            prop_assert!(within <= 2 * count as usize);
        }
    }
}

fn check_parse(text: &str, expected: Result<(u32, i64), RateError>) {
    let parsed = Limit::parse(text).map(|it| (it.count, it.period_ms));
    assert_eq!(parsed, expected, "{text:?}");
}

fn check(rate: &str, calls: &[(i64, bool)]) {
    let limit = Limit::parse(rate).unwrap();
    let mut buckets = Buckets::default();
    for (index, (now, passes)) in calls.iter().enumerate() {
        let answer = buckets.spend("t", limit, *now);
        assert_eq!(answer.is_ok(), *passes, "{rate}, call {index}: {answer:?}");
    }
}

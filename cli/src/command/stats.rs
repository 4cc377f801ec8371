//! `stats`: the calls of some time in figures.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::Args;
use jiff::SignedDuration;
use serde_json::Value;
use wire::control::{HourStats, MAX_HOURS, Request, Stats as Figures};

use crate::context::{Context, Screen};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{self, Field, Tone};
use crate::when::{self, When};

/// Up to so many hours are shown one by one; more, day by day.
const HOURLY: u32 = 48;
/// Tools shown.
const TOOLS: usize = 20;

/// The calls of some time in figures.
#[derive(Debug, Args)]
pub struct Stats {
    /// From this on: 2h, 3d, 4w, a date (UTC), or RFC 3339; whole hours, a year at the most
    #[arg(long, value_name = "WHEN", default_value = "24h")]
    since: When,
    /// Print JSON for a program to read
    #[arg(long)]
    json: bool,
}

impl Stats {
    /// Shows them.
    ///
    /// # Errors
    /// When the daemon can't be asked, or the time is none of the past year.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let past = context.now.duration_since(self.since.at(context.now));
        let hours = hours(past).ok_or_else(|| {
            let most = MAX_HOURS / 24;
            Failure::Usage(format!("`--since` wants a time of the last {most} days"))
        })?;
        let answer = context.ask(&Request::Stats { hours })?;
        if self.json {
            context.print_json(&answer.end::<Value>()?)?;
        } else {
            let text = shown(&answer.end()?, hours, context.screen);
            write!(context.out, "{text}")?;
        }
        Ok(Exit::Done)
    }
}

/// Hours begun since then, the present one among them.
fn hours(past: SignedDuration) -> Option<u32> {
    let seconds = u64::try_from(past.as_secs()).ok()?;
    let hours = u32::try_from(seconds.div_ceil(3600).max(1)).ok()?;
    (hours <= MAX_HOURS).then_some(hours)
}

const HOURS: [&str; 9] = [
    "time (UTC)",
    "allowed",
    "blocked",
    "rate limited",
    "monitor",
    "asked",
    "findings",
    "p50",
    "p99",
];
const USED: [&str; 5] = ["server", "tool", "calls", "refused", "last (UTC)"];

fn shown(figures: &Figures, hours: u32, screen: Screen) -> String {
    let mut text = summary(figures);
    if figures.hours.is_empty() {
        return text;
    }
    let rows: Vec<_> = if hours <= HOURLY {
        figures.hours.iter().map(row).collect()
    } else {
        days(&figures.hours).iter().map(row).collect()
    };
    let _ = write!(text, "\n{}", table::render(screen, HOURS, &rows));
    let rows = figures.tools.iter().take(TOOLS).map(|it| {
        [
            Field::from(&it.server),
            Field::from(&it.tool),
            Field::from(it.calls.to_string()),
            counted(it.refused, Tone::Bad),
            Field::from(when::short(&it.last)),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        let _ = write!(text, "\n{}", table::render(screen, USED, &rows));
    }
    text
}

fn summary(figures: &Figures) -> String {
    let of = |word: &str| figures.decisions.get(word).copied().unwrap_or_default();
    let all: u64 = figures.decisions.values().sum();
    let asked: u64 = figures.hours.iter().map(|it| it.asked).sum();
    let mut text = format!(
        "Since {}: {all} decisions, {} allowed, {} blocked, {} over their rate, {} let through in \
         monitor mode; you were asked {asked} times.\n",
        when::short(&figures.from),
        of("ALLOW"),
        of("BLOCK"),
        of("RATE_LIMITED"),
        of("ALLOW_MONITOR"),
    );
    if !figures.complete {
        let _ = writeln!(
            text,
            "Counted up to record {} as yet; ask again in a moment.",
            figures.indexed_to
        );
    }
    text
}

/// The hours of each day as one, without their latencies: those of a day can't be told from them.
fn days(hours: &[HourStats]) -> Vec<HourStats> {
    let mut days: BTreeMap<&str, HourStats> = BTreeMap::new();
    for hour in hours {
        let day = hour.hour.get(..10).unwrap_or_default();
        let sum = days.entry(day).or_insert_with(|| HourStats {
            hour: day.to_owned(),
            ..HourStats::default()
        });
        sum.allow += hour.allow;
        sum.block += hour.block;
        sum.rate_limited += hour.rate_limited;
        sum.monitor += hour.monitor;
        sum.asked += hour.asked;
        sum.findings += hour.findings;
    }
    days.into_values().collect()
}

fn row(hour: &HourStats) -> [Field; 9] {
    let latency = |of: fn(&wire::control::Latency) -> u64| {
        let latency = hour.latency_us.as_ref().map(of);
        Field::from(latency.map_or_else(String::new, micros))
    };
    [
        Field::from(when::short(&hour.hour)),
        Field::from(hour.allow.to_string()),
        counted(hour.block, Tone::Bad),
        counted(hour.rate_limited, Tone::Warn),
        counted(hour.monitor, Tone::Warn),
        Field::from(hour.asked.to_string()),
        counted(hour.findings, Tone::Warn),
        latency(|it| it.p50),
        latency(|it| it.p99),
    ]
}

/// A count that is to be noticed where it is not nought.
fn counted(count: u64, tone: Tone) -> Field {
    let tone = if count == 0 { Tone::Plain } else { tone };
    Field::toned(&count.to_string(), tone)
}

fn micros(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        more => format!("{} s", more / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::control::{Latency, ToolStats};

    fn figures() -> Figures {
        let hour = |hour: &str, block| HourStats {
            hour: hour.to_owned(),
            allow: 12,
            block,
            asked: 1,
            latency_us: Some(Latency {
                count: 12,
                p50: 84,
                p95: 900,
                p99: 2600,
            }),
            ..HourStats::default()
        };
        Figures {
            from: "2026-11-22T10:00:00.000Z".to_owned(),
            complete: false,
            indexed_to: 77,
            hours: vec![
                hour("2026-11-22T10:00:00.000Z", 3),
                hour("2026-11-22T12:00:00.000Z", 0),
                hour("2026-11-23T00:00:00.000Z", 1),
            ],
            decisions: [("ALLOW".to_owned(), 36), ("BLOCK".to_owned(), 4)].into(),
            tools: vec![ToolStats {
                server: "files".to_owned(),
                tool: "read_file\u{1b}[0m".to_owned(),
                calls: 40,
                refused: 4,
                last: "2026-11-23T00:10:00.000Z".to_owned(),
            }],
            ..Figures::default()
        }
    }

    #[test]
    fn figures_are_shown_by_the_hour_or_the_day() {
        let screen = Screen {
            width: Some(120),
            ..Screen::default()
        };
        insta::assert_snapshot!(shown(&figures(), 24, screen));
        insta::assert_snapshot!(shown(&figures(), 100, screen));
        insta::assert_snapshot!(shown(&Figures::default(), 24, screen));
    }

    #[test]
    fn time_is_counted_in_hours_begun() {
        let of = |seconds| hours(SignedDuration::from_secs(seconds));
        assert_eq!(of(0), Some(1));
        assert_eq!(of(3600), Some(1));
        assert_eq!(of(3601), Some(2));
        assert_eq!(of(-1), None);
        assert_eq!(of(367 * 24 * 3600), None);
    }
}

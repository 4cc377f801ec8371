//! Rate limits: `N/period` spent call by call, by the generic cell rate algorithm.
//!
//! Each key holds one moment: when its bucket will be full again. N calls may come at once, and
//! one more each time an Nth of the period has gone by. Time is given by the caller, in
//! milliseconds of wall clock, since a limit has to survive a restart.

use std::{collections::HashMap, fmt};

/// Most keys kept; a limit is never dropped to make room for another.
const MAX_KEYS: usize = 10_000;

/// No clock is further from 1970 than this, so that sums can't overflow.
const FAR_MS: i64 = i64::MAX / 4;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// So many calls a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Calls a period, at least 1.
    pub count: u32,
    /// The period in milliseconds, at least `count`.
    pub period_ms: i64,
}

/// Why a rate can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateError {
    /// There is no `/` in it.
    Form,
    /// What stands before the `/` is not a number from 1.
    Count(String),
    /// What stands after the `/` is no period.
    Period(String),
    /// More than one call a millisecond.
    TooFast,
}

/// What a call spent: to be stored with its record, or given back where that fails.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The tool's name in normal form; of a base's own count with its file behind it, see [`key`].
    pub tool: String,
    /// When the bucket was to be full again before the call; none for a bucket never used.
    pub before_ms: Option<i64>,
    /// When it is to be full again now.
    pub after_ms: i64,
    /// What it spent beside: of the policies that its own extends.
    pub also: Vec<Spent>,
}

/// What every tool under one policy has spent.
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    full_again: HashMap<String, i64>,
}

/// What a tool is counted under for a base, apart from its child's own count: no name in normal
/// form has a line break.
pub(crate) fn key(normal: &str, base: &str) -> String {
    format!("{normal}\n{base}")
}

impl Limit {
    /// Reads `N/period`, the period one of `second`, `sec`, `s`, `minute`, `min`, `m`, `hour`,
    /// `hr`, `h`.
    pub fn parse(text: &str) -> Result<Limit, RateError> {
        let (count, period) = text.split_once('/').ok_or(RateError::Form)?;
        let (count, period) = (count.trim(), period.trim());
        let period_ms = match period {
            "second" | "sec" | "s" => SECOND_MS,
            "minute" | "min" | "m" => MINUTE_MS,
            "hour" | "hr" | "h" => HOUR_MS,
            other => return Err(RateError::Period(other.to_owned())),
        };
        let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        let number = count.parse::<u32>().ok().filter(|n| digits && *n > 0);
        let count = number.ok_or_else(|| RateError::Count(count.to_owned()))?;
        if i64::from(count) > period_ms {
            return Err(RateError::TooFast);
        }
        Ok(Limit { count, period_ms })
    }

    /// Milliseconds one call costs. Rounded up, so that rounding never adds a call.
    pub(crate) fn cost_ms(self) -> i64 {
        let count = i64::from(self.count.max(1));
        let period = self.period_ms.max(1);
        (period / count + i64::from(period % count != 0)).max(1)
    }

    /// How far ahead of now a bucket's moment may lie.
    pub(crate) fn window_ms(self) -> i64 {
        self.cost_ms().saturating_mul(i64::from(self.count))
    }
}

impl Buckets {
    /// Takes back what was stored of a tool. Never gives it more than it has now.
    pub fn restore(&mut self, tool: &str, tat_ms: i64) {
        let moment = self.full_again.entry(tool.to_owned()).or_insert(tat_ms);
        *moment = tat_ms.max(*moment);
    }

    /// When a tool's bucket is full again, for one that was used.
    pub fn full_again(&self, tool: &str) -> Option<i64> {
        self.full_again.get(tool).copied()
    }

    /// Gives back what a call spent that did not take place. Where others have spent since, the
    /// tool stays spent: too few calls, never too many.
    pub fn undo(&mut self, spent: &Spent) {
        for more in &spent.also {
            self.undo(more);
        }
        if self.full_again.get(&spent.tool) != Some(&spent.after_ms) {
            return;
        }
        match spent.before_ms {
            Some(before) => self.full_again.insert(spent.tool.clone(), before),
            None => self.full_again.remove(&spent.tool),
        };
    }

    /// Spends one call, or says after how many milliseconds there will be one.
    pub(crate) fn spend(&mut self, tool: &str, limit: Limit, now_ms: i64) -> Result<Spent, i64> {
        let now_ms = now_ms.clamp(-FAR_MS, FAR_MS);
        let before_ms = self.full_again.get(tool).copied();
        if before_ms.is_none() && !self.has_room(now_ms) {
            return Err(limit.cost_ms());
        }
        let window = limit.window_ms();
        let furthest = now_ms.saturating_add(window);
        // A moment further away than a whole window means the clock went back. A full window
        // from now on stands for it, so that nobody is locked out for longer.
        let moment = before_ms.unwrap_or(now_ms).clamp(now_ms, furthest);
        if before_ms.is_some_and(|before| before > furthest) {
            self.full_again.insert(tool.to_owned(), furthest);
        }
        let after_ms = moment.saturating_add(limit.cost_ms());
        if after_ms > furthest {
            return Err(after_ms - furthest);
        }
        self.full_again.insert(tool.to_owned(), after_ms);
        Ok(Spent {
            tool: tool.to_owned(),
            before_ms,
            after_ms,
            also: Vec::new(),
        })
    }

    /// Drops full buckets where the table is full: one never used is the same.
    fn has_room(&mut self, now_ms: i64) -> bool {
        if self.full_again.len() >= MAX_KEYS {
            self.full_again.retain(|_, moment| *moment > now_ms);
        }
        self.full_again.len() < MAX_KEYS
    }
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RateError::Form => f.write_str("write a number, `/` and a period, such as `10/minute`"),
            RateError::Count(count) => write!(f, "`{count}` is not a whole number from 1"),
            RateError::Period(period) => {
                write!(
                    f,
                    "`{period}` is no period, write `second`, `minute` or `hour`"
                )
            }
            RateError::TooFast => f.write_str("more than 1000 calls a second can't be counted"),
        }
    }
}

impl std::error::Error for RateError {}

#[cfg(test)]
mod tests;

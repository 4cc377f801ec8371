//! Records counted: by the hour, and by who used what.

use std::collections::BTreeMap;

use wire::control::{ClientStats, HourStats, MOST_SHOWN, ServerStats, Stats, ToolStats};

use super::histogram::Histogram;
use crate::audit::query::Stored;
use crate::time::rfc3339;

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// Decisions by their words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// `ALLOW`.
    pub allow: u64,
    /// `BLOCK`.
    pub block: u64,
    /// `RATE_LIMITED`.
    pub rate_limited: u64,
    /// `ALLOW_MONITOR`.
    pub monitor: u64,
}

/// One hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// Its decisions.
    pub decisions: Decisions,
    /// Times a person was asked.
    pub asked: u64,
    /// Events of DLP findings.
    pub findings: u64,
    /// From receipt to decision, in microseconds, where no person was asked.
    pub latency: Histogram,
    /// The last record of this hour.
    pub last_seq: u64,
}

/// Who used what; a part that a record lacks is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The server's label.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// The client.
    pub client: String,
}

/// How, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Its decisions.
    pub decisions: Decisions,
    /// The last one's time, ms since 1970.
    pub last_ms: i64,
}

/// What one record adds, and to which hour since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The hour.
    pub hour: i64,
    /// What it adds to it.
    pub what: What,
}

/// What a record counts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A decision: which, of whom, at what time, and after how long.
    Decision(Decisions, Name, i64, Option<u64>),
    /// A person was asked.
    Asked,
    /// DLP found something.
    Finding,
    /// Nothing that is counted.
    Nothing,
}

/// The counts of some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// By the hour since 1970.
    pub hours: BTreeMap<i64, Hour>,
    /// By who used what.
    pub uses: BTreeMap<Name, Use>,
}

impl Decisions {
    /// One of this word; `None` where it is none of ours.
    fn one(word: &str) -> Option<Self> {
        let mut one = Self::default();
        match word {
            "ALLOW" => one.allow = 1,
            "BLOCK" => one.block = 1,
            "RATE_LIMITED" => one.rate_limited = 1,
            "ALLOW_MONITOR" => one.monitor = 1,
            _ => return None,
        }
        Some(one)
    }

    /// Takes others in.
    pub fn add(&mut self, other: Self) {
        self.allow = self.allow.saturating_add(other.allow);
        self.block = self.block.saturating_add(other.block);
        self.rate_limited = self.rate_limited.saturating_add(other.rate_limited);
        self.monitor = self.monitor.saturating_add(other.monitor);
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> u64 {
        [self.allow, self.block, self.rate_limited, self.monitor]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// Those that refused.
    #[must_use]
    pub fn refused(self) -> u64 {
        self.block.saturating_add(self.rate_limited)
    }
}

impl Hour {
    /// Counts one record in.
    pub fn count(&mut self, what: &What, seq: u64) {
        self.last_seq = self.last_seq.max(seq);
        match what {
            What::Decision(decision, _, _, latency) => {
                self.decisions.add(*decision);
                if let Some(latency) = latency {
                    self.latency.add(*latency);
                }
            }
            What::Asked => self.asked += 1,
            What::Finding => self.findings += 1,
            What::Nothing => {}
        }
    }

    /// Takes another one's counts in.
    pub fn merge(&mut self, other: &Self) {
        self.decisions.add(other.decisions);
        self.asked = self.asked.saturating_add(other.asked);
        self.findings = self.findings.saturating_add(other.findings);
        self.latency.merge(&other.latency);
        self.last_seq = self.last_seq.max(other.last_seq);
    }

    /// Whether there is anything to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.decisions.all() == 0 && self.asked == 0 && self.findings == 0
    }
}

impl Use {
    /// Takes another in.
    pub fn merge(&mut self, other: Self) {
        self.decisions.add(other.decisions);
        self.last_ms = self.last_ms.max(other.last_ms);
    }
}

/// What a record adds; `None` where its time can't be read.
#[must_use]
pub fn added(stored: &Stored) -> Option<Added> {
    let at = crate::time::parse_ms(&stored.text("timestamp")?)?;
    let what = match stored.text("kind").as_deref() {
        Some("decision") => decision(stored, at),
        Some("event") => match stored.text("event").as_deref() {
            Some("APPROVAL_ASKED") => What::Asked,
            Some("DLP_TRIGGERED") => What::Finding,
            Some(_) | None => What::Nothing,
        },
        Some(_) | None => What::Nothing,
    };
    Some(Added {
        hour: at.div_euclid(HOUR_MS),
        what,
    })
}

fn decision(stored: &Stored, at: i64) -> What {
    let word = stored.text("decision").unwrap_or_default();
    let Some(decision) = Decisions::one(&word) else {
        return What::Nothing;
    };
    let text = |name: &str| stored.text(name).unwrap_or_default().into_owned();
    let name = Name {
        server: text("server"),
        tool: text("tool"),
        client: text("client"),
    };
    let asked = stored.get("approval").is_some();
    let latency = stored.get("latency_us").and_then(|it| it.as_u64());
    What::Decision(decision, name, at, latency.filter(|_| !asked))
}

impl Figures {
    /// As a screen is shown them.
    #[must_use]
    pub fn shown(&self) -> Stats {
        let mut all = Decisions::default();
        let mut hours = Vec::with_capacity(self.hours.len());
        for (hour, counts) in self.hours.iter().filter(|(_, it)| !it.is_empty()) {
            all.add(counts.decisions);
            hours.push(counts.shown(*hour));
        }
        let words = [
            ("ALLOW", all.allow),
            ("BLOCK", all.block),
            ("ALLOW_MONITOR", all.monitor),
            ("RATE_LIMITED", all.rate_limited),
        ];
        Stats {
            hours,
            decisions: words.map(|(word, n)| (word.to_owned(), n)).into(),
            tools: self.tools(),
            servers: self.servers(),
            clients: self.clients(),
            ..Stats::default()
        }
    }

    fn tools(&self) -> Vec<ToolStats> {
        let tools = self.most_used(|name| {
            (!name.tool.is_empty()).then_some((name.server.as_str(), name.tool.as_str()))
        });
        let shown = |((server, tool), it): ((&str, &str), Use)| ToolStats {
            server: server.to_owned(),
            tool: tool.to_owned(),
            calls: it.decisions.all(),
            refused: it.decisions.refused(),
            last: rfc3339(it.last_ms),
        };
        tools.into_iter().map(shown).collect()
    }

    fn servers(&self) -> Vec<ServerStats> {
        let servers = self.most_used(|name| Some(name.server.as_str()));
        let shown = |(server, it): (&str, Use)| ServerStats {
            server: server.to_owned(),
            calls: it.decisions.all(),
            refused: it.decisions.refused(),
            last: rfc3339(it.last_ms),
        };
        servers.into_iter().map(shown).collect()
    }

    fn clients(&self) -> Vec<ClientStats> {
        let clients = self.most_used(|name| Some(name.client.as_str()));
        let shown = |(client, it): (&str, Use)| ClientStats {
            client: client.to_owned(),
            calls: it.decisions.all(),
            refused: it.decisions.refused(),
        };
        clients.into_iter().map(shown).collect()
    }

    /// Uses by a part of their name, the most used first.
    fn most_used<'f, K: Ord + Copy>(
        &'f self,
        part: impl Fn(&'f Name) -> Option<K>,
    ) -> Vec<(K, Use)> {
        let mut sums: BTreeMap<K, Use> = BTreeMap::new();
        for (name, used) in &self.uses {
            if let Some(part) = part(name) {
                sums.entry(part).or_default().merge(*used);
            }
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_by_key(|(_, it)| std::cmp::Reverse(it.decisions.all()));
        sums.truncate(MOST_SHOWN);
        sums
    }
}

impl Hour {
    fn shown(&self, hour: i64) -> HourStats {
        let Decisions {
            allow,
            block,
            rate_limited,
            monitor,
        } = self.decisions;
        HourStats {
            hour: rfc3339(hour.saturating_mul(HOUR_MS)),
            allow,
            block,
            rate_limited,
            monitor,
            asked: self.asked,
            findings: self.findings,
            latency_us: self.latency.shown(),
        }
    }
}

//! The counters in Prometheus' text format, version 0.0.4.

use super::*;

/// What is looked up when it is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Calls that wait for a person.
    pub waiting: usize,
    /// Sessions that run.
    pub sessions: usize,
    /// Pages and programs that watch.
    pub readers: usize,
    /// Records can't be written at present.
    pub failing: bool,
    /// The store's files, in bytes.
    pub store_bytes: u64,
}

/// All of it.
#[must_use]
pub fn text(counters: &Counters, facts: &Facts) -> String {
    let mut out = Page(String::with_capacity(8192));
    let version = env!("CARGO_PKG_VERSION");
    out.about("aip_build_info", "gauge", "The version that runs.");
    out.line("aip_build_info", &format!("{{version=\"{version}\"}}"), 1);
    decisions(&mut out, counters);
    audit(&mut out, counters, facts);
    people(&mut out, counters, facts);
    out.0
}

fn decisions(out: &mut Page, counters: &Counters) {
    let name = "aip_decisions_total";
    out.about(name, "counter", "Decisions recorded, by their word.");
    out.words(name, "decision", &DECISIONS, &counters.decisions);
    let name = "aip_errors_total";
    out.about(name, "counter", "Refusals recorded, by the error's code.");
    out.words(name, "code", &CODES, &counters.errors);
    let about = "How long judging took, where no person was waited for.";
    out.times("aip_judging_seconds", about, &counters.judging);
    let findings = counters.findings.load(Ordering::Relaxed);
    let about = "Secrets found and redacted, or refused for.";
    out.one("aip_dlp_findings_total", "counter", about, findings);
}

fn audit(out: &mut Page, counters: &Counters, facts: &Facts) {
    let about = "How long a batch of audit records took to be committed.";
    out.times("aip_audit_commit_seconds", about, &counters.commits);
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    let about = "Batches of audit records that wait to be committed.";
    out.one(
        "aip_audit_commits_waiting",
        "gauge",
        about,
        count(&counters.committing),
    );
    let about = "Batches of audit records that could not be committed.";
    out.one(
        "aip_audit_commits_failed_total",
        "counter",
        about,
        count(&counters.failed),
    );
    let about = "1 while audit records can't be written, so that calls are refused.";
    out.one("aip_audit_failing", "gauge", about, facts.failing.into());
    let about = "The audit store's files, in bytes.";
    out.one("aip_store_bytes", "gauge", about, facts.store_bytes);
}

fn people(out: &mut Page, counters: &Counters, facts: &Facts) {
    let about = "Calls that wait for a person.";
    out.one(
        "aip_approvals_waiting",
        "gauge",
        about,
        facts.waiting as u64,
    );
    let name = "aip_approvals_answered_total";
    let about = "Calls that waited and were decided, by where the answer came from.";
    out.about(name, "counter", about);
    out.words(name, "channel", &CHANNELS, &counters.answers);
    let about = "Sessions that run.";
    out.one("aip_sessions", "gauge", about, facts.sessions as u64);
    let about = "Pages and programs that watch by the dashboard's events.";
    out.one(
        "aip_dashboard_readers",
        "gauge",
        about,
        facts.readers as u64,
    );
    let name = "aip_http_requests_total";
    let about = "Requests at the dashboard's door, by the answer's status.";
    out.about(name, "counter", about);
    out.words(name, "status", &STATUSES, &counters.requests);
}

struct Page(String);

impl Page {
    fn about(&mut self, name: &str, kind: &str, about: &str) {
        // Writing to a String can't fail.
        let _ok = write!(self.0, "# HELP {name} {about}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ok = writeln!(self.0, "{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, about: &str, value: u64) {
        self.about(name, kind, about);
        self.line(name, "", value);
    }

    fn words<const N: usize>(&mut self, name: &str, label: &str, words: &[&str; N], of: &Words<N>) {
        for (word, count) in words.iter().zip(&of.0) {
            let labels = format!("{{{label}=\"{word}\"}}");
            self.line(name, &labels, count.load(Ordering::Relaxed));
        }
    }

    fn times(&mut self, name: &str, about: &str, of: &Times) {
        self.about(name, "histogram", about);
        let mut so_far = 0;
        let ends = TIMES
            .iter()
            .map(|us| seconds(*us))
            .chain(["+Inf".to_owned()]);
        for (end, count) in ends.zip(&of.buckets.0) {
            so_far += count.load(Ordering::Relaxed);
            self.line(
                &format!("{name}_bucket"),
                &format!("{{le=\"{end}\"}}"),
                so_far,
            );
        }
        let sum = seconds(of.sum_us.load(Ordering::Relaxed));
        self.line(&format!("{name}_sum"), "", sum);
        self.line(&format!("{name}_count"), "", so_far);
    }
}

/// Microseconds as seconds, exactly.
fn seconds(us: u64) -> String {
    let (whole, rest) = (us / 1_000_000, us % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_of_the_format_and_what_was_counted_is_there() {
        let counters = Counters::default();
        counters.add(&[
            Count::Decision(2),
            Count::Judging(50),
            Count::Judging(51),
            Count::Judging(5_000_000),
            Count::Answer(2),
        ]);
        counters.answered(200);
        counters.answered(999);
        let facts = Facts {
            waiting: 3,
            ..Facts::default()
        };
        let text = text(&counters, &facts);
        for line in [
            "aip_decisions_total{decision=\"BLOCK\"} 1",
            "aip_judging_seconds_bucket{le=\"0.00005\"} 1",
            "aip_judging_seconds_bucket{le=\"0.0001\"} 2",
            "aip_judging_seconds_bucket{le=\"1\"} 2",
            "aip_judging_seconds_bucket{le=\"+Inf\"} 3",
            "aip_judging_seconds_sum 5.000101",
            "aip_judging_seconds_count 3",
            "aip_approvals_waiting 3",
            "aip_approvals_answered_total{channel=\"dashboard\"} 1",
            "aip_http_requests_total{status=\"200\"} 1",
            "aip_http_requests_total{status=\"other\"} 1",
        ] {
            assert!(text.lines().any(|it| it == line), "`{line}` in\n{text}");
        }
        for line in text.lines().filter(|it| !it.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(
                name.starts_with("aip_") && value.parse::<f64>().is_ok(),
                "{line}"
            );
            let family = name.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| family.strip_suffix(end))
                .unwrap_or(family);
            assert_eq!(
                text.matches(&format!("# TYPE {family} ")).count(),
                1,
                "{line}"
            );
        }
    }
}

//! How often a time of some length came, in buckets that grow with it: eight to each doubling, so
//! that what is read back is within 6.25 % of what was put in.

use std::collections::BTreeMap;

use wire::control::Latency;

/// Buckets to each doubling, as a power of two.
const FINE: u32 = 3;
/// Below this each number has a bucket of its own.
const EXACT: u64 = 1 << FINE;

/// Counts by bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: BTreeMap<u8, u64>,
}

impl Histogram {
    /// Counts one. What is over 71 minutes, in microseconds, counts as that.
    pub fn add(&mut self, value: u64) {
        *self.counts.entry(bucket(value)).or_default() += 1;
    }

    /// Takes another one's counts in.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            let mine = self.counts.entry(*bucket).or_default();
            *mine = mine.saturating_add(*count);
        }
    }

    /// What a screen shows of it; `None` where nothing was counted.
    #[must_use]
    pub fn shown(&self) -> Option<Latency> {
        let count = self
            .counts
            .values()
            .fold(0, |sum: u64, it| sum.saturating_add(*it));
        (count > 0).then(|| Latency {
            count,
            p50: self.percentile(count, 50),
            p95: self.percentile(count, 95),
            p99: self.percentile(count, 99),
        })
    }

    /// The value that `part` of a hundred do not exceed, by nearest rank.
    fn percentile(&self, count: u64, part: u64) -> u64 {
        let rank = count.saturating_mul(part).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.counts {
            seen = count.saturating_add(seen);
            if seen >= rank {
                return middle(*bucket);
            }
        }
        0
    }

    /// Each bucket and its count, the count in groups of seven bits, the lowest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.counts.len() * 3);
        for (bucket, count) in &self.counts {
            bytes.push(*bucket);
            let mut rest = *count;
            while rest >= 0x80 {
                bytes.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
        }
        bytes
    }

    /// Reads it back; as far as it can be read.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut read = Self::default();
        let mut bytes = bytes.iter();
        while let Some(bucket) = bytes.next() {
            let (mut count, mut shift) = (0_u64, 0);
            for byte in bytes.by_ref() {
                count |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            read.counts.insert(*bucket, count);
        }
        read
    }
}

fn bucket(value: u64) -> u8 {
    let value = value.min(u64::from(u32::MAX));
    let octave = value.max(EXACT).ilog2() - FINE;
    u8::try_from((u64::from(octave) << FINE) + (value >> octave)).unwrap_or(u8::MAX)
}

/// The middle of a bucket.
fn middle(bucket: u8) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < 2 * EXACT {
        return bucket;
    }
    let octave = (bucket >> FINE) - 1;
    let low = (bucket - (octave << FINE)) << octave;
    low + (1 << octave) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_back_is_near_what_was_put_in() {
        let mut value = 0_u64;
        while value < u64::from(u32::MAX) {
            let near = middle(bucket(value));
            let off = near.abs_diff(value) as f64;
            assert!(off <= value as f64 * 0.0625, "{value} became {near}");
            value += 1 + value / 50;
        }
        assert_eq!(bucket(u64::MAX), bucket(u64::from(u32::MAX)));
    }

    #[test]
    fn percentiles_are_near_those_of_the_values_themselves() {
        let values: Vec<u64> = (1..=1000).map(|n| n * n).collect();
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.add(*value));
        let shown = histogram.shown().unwrap();
        assert_eq!(shown.count, 1000);
        for (part, got) in [(50, shown.p50), (95, shown.p95), (99, shown.p99)] {
            let exact = values[part * 10 - 1];
            let off = got.abs_diff(exact) as f64 / exact as f64;
            assert!(off <= 0.0625, "p{part}: {got} for {exact}");
        }
        assert_eq!(Histogram::default().shown(), None);
    }

    #[test]
    fn a_histogram_survives_being_written_down() {
        let mut histogram = Histogram::default();
        for (value, times) in [(0, 1), (7, 127), (42, 128), (1_000_000, 70_000)] {
            (0..times).for_each(|_| histogram.add(value));
        }
        let mut read = Histogram::read(&histogram.to_bytes());
        assert_eq!(read, histogram);
        read.merge(&histogram);
        assert_eq!(read.shown().unwrap().count, 2 * 70_256);
        assert_eq!(Histogram::read(&[1, 0x80]).shown(), None, "torn");
    }
}

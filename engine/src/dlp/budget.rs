//! The work one scan may do: bytes looked at, not time, so that the same text always ends the same way.

use std::fmt;

/// Bytes any scan may look at, however short its text.
const BASE: u64 = 32 << 20;
/// And so many times its text.
const FACTOR: u64 = 48;

/// Why a scan was given up. Nothing is then known about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Work,
    Unpacked,
    Passes,
    Oversize { length: usize, limit: usize },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work => f.write_str("the text needs more decoding than one scan may do"),
            Self::Unpacked => {
                f.write_str("the text holds packed data that unpacks beyond the limit")
            }
            Self::Passes => f.write_str("the text still matched after the last pass allowed"),
            Self::Oversize { length, limit } => {
                write!(
                    f,
                    "the text has {length} bytes, over the `max_scan_size` of {limit}"
                )
            }
        }
    }
}

/// What is left of it.
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn for_text(length: usize) -> Self {
        Self {
            left: BASE + FACTOR * length as u64,
        }
    }

    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(Stop::Work)?;
        Ok(())
    }
}

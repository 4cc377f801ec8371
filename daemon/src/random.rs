//! Randomness from the kernel, fetched ahead: a call wants two pieces of it.

use std::cell::RefCell;

/// Bytes fetched at once.
const AHEAD: usize = 512;

thread_local! {
    /// What is left of the last fetch is at the end.
    static POOL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// So many bytes; `None` where the kernel gives none.
#[must_use]
pub fn bytes<const N: usize>() -> Option<[u8; N]> {
    POOL.with_borrow_mut(|pool| {
        if pool.len() < N {
            let mut fresh = [0; AHEAD];
            getrandom::fill(&mut fresh).ok()?;
            pool.clear();
            pool.extend_from_slice(&fresh);
        }
        let taken = pool.split_off(pool.len().checked_sub(N)?);
        taken.try_into().ok()
    })
}

/// A new UUIDv7 (RFC 9562), as text.
#[must_use]
pub fn id(now_ms: i64) -> String {
    match (bytes(), u64::try_from(now_ms)) {
        (Some(random), Ok(ms)) => uuid::Builder::from_unix_timestamp_millis(ms, &random)
            .into_uuid()
            .to_string(),
        (None, _) | (_, Err(_)) => uuid::Uuid::now_v7().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pieces_are_alike() {
        let mut seen: Vec<[u8; 16]> = (0..1000).filter_map(|_| bytes()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1000);
    }

    #[test]
    fn an_id_holds_its_time() {
        let id = uuid::Uuid::parse_str(&id(1_772_533_845_123)).unwrap();
        assert_eq!(id.get_version_num(), 7);
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_772_533_845, 123));
    }
}

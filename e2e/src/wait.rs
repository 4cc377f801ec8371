//! Waiting for something to become true, with a bound.

use std::time::{Duration, Instant};

/// Between two looks.
const STEP: Duration = Duration::from_millis(10);

/// Looks until there is something to see.
///
/// # Panics
/// When there is nothing after `timeout`.
#[track_caller]
pub fn wait_for<T>(what: &str, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            start.elapsed() < timeout,
            "waited {timeout:?} in vain for {what}"
        );
        std::thread::sleep(STEP);
    }
}

/// Looks until it is so.
///
/// # Panics
/// When it is not so after `timeout`.
#[track_caller]
pub fn wait_until(what: &str, timeout: Duration, mut look: impl FnMut() -> bool) {
    wait_for(what, timeout, || look().then_some(()));
}

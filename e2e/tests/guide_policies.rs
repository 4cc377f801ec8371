//! The guide's use cases for today's servers, as `policies/` has them: each names the tools its
//! server lists and no other, and decides on them as its comment says.

#[cfg(test)]
#[path = "guide_policies/bench.rs"]
mod bench;

#[cfg(test)]
#[path = "guide_policies/kept.rs"]
mod kept;
#[cfg(test)]
#[path = "guide_policies/real.rs"]
mod real;

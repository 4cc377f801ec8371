//! What `aip wrap` does beside the catalog: the policy to begin with, and the tools a server lists.

pub mod fit;
pub mod starter;
pub mod tools;

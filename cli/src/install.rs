//! aip put in front of the servers that clients start, and taken away again: what is there, what is
//! to be done, and doing it so that every file is whole at every moment.

pub mod found;
pub mod plan;
pub mod record;
pub mod stable;
pub mod write;

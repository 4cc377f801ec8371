//! What is made from the audit store and can be made anew: figures by the hour.

pub mod figures;
pub mod histogram;

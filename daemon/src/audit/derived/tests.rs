//! What is derived says what a walk through the whole store says, whatever became of its file.

mod erased;
mod figures;
mod file;
mod made;
mod search;

//! The session as a state machine against a small model of what it owes both sides. The same
//! files are built into a fuzz target and into the daemon's tests, which replay the corpus.

pub mod cursor;
pub mod exchange;
pub mod frames;
pub mod message;
pub mod model;
pub mod pinned;
pub mod rules;
pub mod seen;
pub mod step;
pub mod store;
pub mod world;

/// Plays one input: the steps it spells, or the raw frames it is.
pub fn session(data: &[u8]) {
    world::play(data, store::Memory::default());
}

/// Plays a flood of each kind.
pub fn floods() {
    for kind in 0..step::FLOODS {
        world::play_steps(0, [step::Step::Flood(kind)], store::Memory::default());
    }
}

/// Plays one input of the frame protocol and the JSON reader.
pub fn frames(data: &[u8]) {
    frames::play(data);
}

/// The steps an input spells, to be read by a person.
pub fn spelled(data: &[u8]) -> Vec<String> {
    world::spelled(data)
}

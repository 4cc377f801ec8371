//! The session as a state machine, frame by frame.

mod answers;
mod approvals;
mod capabilities;
mod dlp_down;
mod dlp_up;
mod forms;
mod ids;
mod methods;
mod names;
mod records;
mod resume;
mod undo;
mod world;

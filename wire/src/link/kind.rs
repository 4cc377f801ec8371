//! The numbers of the packet kinds. They are never given to another kind.

/// Set in a kind that a peer may skip when it does not know it.
pub(super) const OPTIONAL: u8 = 0x80;

pub(super) const HELLO: u8 = 0x01;
pub(super) const WELCOME: u8 = 0x02;
pub(super) const REFUSED: u8 = 0x03;
pub(super) const FRAME: u8 = 0x10;
pub(super) const OVERSIZE: u8 = 0x11;
pub(super) const CLOSED: u8 = 0x12;
pub(super) const SPAWNED: u8 = 0x13;
pub(super) const EXITED: u8 = 0x14;
pub(super) const DONE: u8 = 0x15;
pub(super) const ACKED: u8 = 0x16;
pub(super) const AS_IS: u8 = 0x20;
pub(super) const BYTES: u8 = 0x21;
pub(super) const REPLY: u8 = 0x22;
pub(super) const DROP: u8 = 0x23;
pub(super) const HOLD: u8 = 0x24;
pub(super) const INJECT: u8 = 0x25;
pub(super) const END: u8 = 0x26;
pub(super) const ANSWERS: u8 = 0x27 | OPTIONAL;

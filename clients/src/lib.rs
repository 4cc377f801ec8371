//! The configurations of AI clients: where they are, which servers they start, and how aip is put
//! in front of one and taken away again.
//!
//! Pure: no files, no environment, no clock. Variables and the text of a file come in; entries and
//! new texts go out. An edit is a splice of bytes: what is not the entry's command or arguments
//! stays as it was, and a text that would read otherwise than meant is not given out at all.

mod broken;
mod edit;
mod entries;
mod places;
mod secret;
mod snippet;
mod table;
mod tree;

pub use broken::Broken;
pub use edit::{EditError, Front, Put, Wrapped, unwrap, wrap};
pub use entries::{At, Command, Entry, Kind, entries, is_aip};
pub use places::{Finds, Place, VARIABLES, is_named_as, place_of, places, project_places};
pub use secret::masked;
pub use snippet::{Server, snippet};
pub use table::{Client, Format, Os, Shape, client, clients};

/// The longest configuration that is read, in bytes.
pub const MAX_CONFIG: u64 = 16 * 1024 * 1024;

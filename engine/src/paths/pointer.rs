//! A JSON pointer that is written only where it is asked for.

use std::fmt;

/// Where in the arguments a value stands, each step with the one before it.
pub(super) enum Pointer<'p> {
    /// The arguments as a whole.
    Root,
    /// A member of an object.
    Key(&'p Self, &'p str),
    /// An element of an array.
    Index(&'p Self, usize),
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Root => Ok(()),
            Pointer::Key(before, key) => {
                let key = key.replace('~', "~0").replace('/', "~1");
                write!(f, "{before}/{key}")
            }
            Pointer::Index(before, index) => write!(f, "{before}/{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_written_as_rfc_6901_has_it() {
        let list = Pointer::Key(&Pointer::Root, "a/b~c");
        let item = Pointer::Index(&list, 7);
        assert_eq!(Pointer::Root.to_string(), "");
        assert_eq!(Pointer::Key(&item, "d").to_string(), "/a~1b~0c/7/d");
    }
}

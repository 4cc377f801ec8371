//! What a record's field may hold, and how it stands in the record: JSON with what is not seen
//! escaped.

use std::fmt::Write;

use serde_json::Value;

use crate::audit::escape::{escaped, is_plain};

/// A value of a field.
pub trait FieldValue {
    /// Appends it as JSON.
    fn write(&self, out: &mut String);
}

impl FieldValue for str {
    fn write(&self, out: &mut String) {
        if is_plain(self) && !self.contains(['"', '\\']) {
            out.push('"');
            out.push_str(self);
            out.push('"');
        } else {
            Value::from(self).write(out);
        }
    }
}

impl FieldValue for String {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}

impl<T: FieldValue + ?Sized> FieldValue for &T {
    fn write(&self, out: &mut String) {
        (*self).write(out);
    }
}

impl FieldValue for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl FieldValue for $type {
            fn write(&self, out: &mut String) {
                // Writing to a String can't fail.
                let _ok = write!(out, "{self}");
            }
        }
    )*};
}

integers!(i32, i64, u32, u64, usize);

impl FieldValue for Value {
    fn write(&self, out: &mut String) {
        out.push_str(&escaped(&self.to_string()));
    }
}

impl FieldValue for Vec<Value> {
    fn write(&self, out: &mut String) {
        Value::from(self.as_slice()).write(out);
    }
}

//! The text that is carried, and the call that carries it.

/// The tool both ends know.
pub const TOOL: &str = "carry";
/// Ids have one width, so that every call and every answer of one measurement has one length.
const FIRST_ID: u64 = 1_000_000_000;
const ID_DIGITS: usize = 10;

/// Lines as tools answer them: words, numbers, paths; escapes as JSON wants them; no secret.
const LINE: &str =
    r#"src/engine/rules.rs:142: fn judge(call: &Call) -> Verdict { \"deny\" } // 2026-11-27\n"#;

/// A text of so many bytes as it stands between the quotes of a JSON string.
#[must_use]
pub fn text(size: usize) -> String {
    let mut text = LINE.repeat(size / LINE.len());
    text.extend(std::iter::repeat_n('.', size % LINE.len()));
    text
}

/// Which way the text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A small call, answered with the text.
    Answer,
    /// A call with the text in an argument, answered shortly.
    Request,
}

impl Way {
    /// For tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Request => "request",
        }
    }
}

/// One call as a line, whose id can be changed where it stands.
#[derive(Clone, Debug)]
pub struct Call {
    line: Vec<u8>,
    id_at: usize,
    last_id: u64,
}

impl Call {
    /// A call that carries so many bytes this way.
    #[must_use]
    pub fn new(way: Way, size: usize) -> Self {
        let before = r#"{"jsonrpc":"2.0","id":"#;
        let (size, pad) = match way {
            Way::Answer => (size, String::new()),
            Way::Request => (0, format!(r#","text":"{}""#, text(size))),
        };
        let line = format!(
            r#"{before}{FIRST_ID},"method":"tools/call","params":{{"name":"{TOOL}","arguments":{{"size":{size}{pad}}}}}}}"#
        );
        Self {
            line: [line.as_bytes(), b"\n"].concat(),
            id_at: before.len(),
            last_id: FIRST_ID,
        }
    }

    /// The line with the next id.
    pub fn next_line(&mut self) -> &[u8] {
        self.last_id += 1;
        let mut rest = self.last_id;
        for digit in self.line[self.id_at..self.id_at + ID_DIGITS]
            .iter_mut()
            .rev()
        {
            *digit = b'0' + u8::try_from(rest % 10).expect("a digit fits");
            rest /= 10;
        }
        &self.line
    }

    /// The id of the line [`Self::next_line`] gave last.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.last_id
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_text_has_the_size_it_was_asked_for() {
        for size in [1, 95, 1024, 100_000] {
            assert_eq!(text(size).len(), size);
        }
    }

    #[test]
    fn every_call_is_json_with_an_id_of_its_own() {
        let mut call = Call::new(Way::Request, 1000);
        let first: Value = serde_json::from_slice(call.next_line()).unwrap();
        let second: Value = serde_json::from_slice(call.next_line()).unwrap();
        assert_eq!(first["params"], second["params"]);
        assert_eq!(second["id"].as_u64(), Some(call.id()));
        assert_eq!(second["id"].as_u64(), first["id"].as_u64().map(|id| id + 1));
    }
}

//! The server of the measurements: it does as little as an MCP server can, so that what aip adds is
//! not hidden behind it. It reads only calls as `payload` writes them.

use std::io::{self, Read, Write};

use super::payload::{TOOL, text};

/// Bytes of one read.
const PIECE: usize = 64 * 1024;
/// The largest line it takes.
const LONGEST: usize = 64 * 1024 * 1024;

/// Answers until the input ends.
///
/// # Errors
/// The pipes', and what is no line of ours.
pub fn serve(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let (mut held, mut piece) = (Vec::new(), vec![0; PIECE]);
    let mut server = Server::default();
    loop {
        let length = match input.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let searched = held.len();
        held.extend_from_slice(&piece[..length]);
        let Some(end) = held[searched..].iter().rposition(|byte| *byte == b'\n') else {
            if held.len() > LONGEST {
                return Err(io::Error::other("the line is too long"));
            }
            continue;
        };
        let end = searched + end;
        for line in held[..end].split(|byte| *byte == b'\n') {
            server.answer(line)?;
        }
        output.write_all(&server.out)?;
        output.flush()?;
        server.out.clear();
        held.drain(..=end);
    }
}

#[derive(Default)]
struct Server {
    out: Vec<u8>,
    size: usize,
    text: String,
}

impl Server {
    fn answer(&mut self, line: &[u8]) -> io::Result<()> {
        // What names a line stands before its arguments.
        let head = &line[..line.len().min(200)];
        let Some(id) = after(head, br#""id":"#).map(digits) else {
            return Ok(());
        };
        self.out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
        self.out.extend_from_slice(id);
        self.out.extend_from_slice(br#","result":"#);
        match after(head, br#""method":""#) {
            Some(it) if it.starts_with(b"tools/call\"") => self.carry(head)?,
            Some(it) if it.starts_with(b"tools/list\"") => write!(
                self.out,
                r#"{{"tools":[{{"name":"{TOOL}","inputSchema":{{"type":"object"}}}}]}}"#
            )?,
            Some(it) if it.starts_with(b"initialize\"") => self.out.extend_from_slice(
                br#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"aip-bench-server","version":"1"}}"#,
            ),
            Some(_) | None => self.out.extend_from_slice(b"{}"),
        }
        self.out.extend_from_slice(b"}\n");
        Ok(())
    }

    fn carry(&mut self, head: &[u8]) -> io::Result<()> {
        let size = after(head, br#""size":"#).map(digits).unwrap_or_default();
        let size = std::str::from_utf8(size)
            .ok()
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| io::Error::other("a call names no size"))?;
        if self.size != size {
            (self.size, self.text) = (size, text(size));
        }
        self.out
            .extend_from_slice(br#"{"content":[{"type":"text","text":""#);
        self.out.extend_from_slice(self.text.as_bytes());
        self.out.extend_from_slice(br#""}]}"#);
        Ok(())
    }
}

fn after<'l>(line: &'l [u8], text: &[u8]) -> Option<&'l [u8]> {
    let at = line.windows(text.len()).position(|window| window == text)?;
    Some(&line[at + text.len()..])
}

fn digits(text: &[u8]) -> &[u8] {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &text[..length]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::payload::{Call, Way};
    use super::*;

    #[test]
    fn each_call_is_answered_with_as_much_text_as_it_asks_for() {
        for (way, size, answered) in [
            (Way::Answer, 1024, 1024),
            (Way::Answer, 1, 1),
            (Way::Request, 100_000, 0),
        ] {
            let mut call = Call::new(way, size);
            let lines = [call.next_line().to_vec(), call.next_line().to_vec()].concat();
            let mut out = Vec::new();
            serve(lines.as_slice(), &mut out).unwrap();
            let answers: Vec<Value> = out
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(|line| serde_json::from_slice(line).unwrap())
                .collect();
            assert_eq!(answers.len(), 2);
            assert_eq!(answers[1]["id"].as_u64(), Some(call.id()));
            let text = answers[1]["result"]["content"][0]["text"].as_str().unwrap();
            assert_eq!(
                serde_json::to_string(text).unwrap().len() - 2,
                answered,
                "{way:?} {size}"
            );
        }
    }
}

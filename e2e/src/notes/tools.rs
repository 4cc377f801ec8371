//! The five tools of the `aip-notes` server: how they are described and what they run.

use serde_json::{Value, json};

use super::{MAX_NAME, MAX_NOTE, NoteError, Notes};

/// The tools as `tools/list` shows them.
pub(super) fn definitions() -> Value {
    let name = json!({
        "type": "string", "description": "Name of the note, without `.md`",
        "minLength": 1, "maxLength": MAX_NAME,
    });
    let text = json!({
        "type": "string", "description": "The whole text of the note", "maxLength": MAX_NOTE,
    });
    let query = json!({
        "type": "string", "description": "Words to look for, whatever their case", "minLength": 1,
    });
    json!([
        tool("list_notes", "Lists the names of all notes.", &[]),
        tool("read_note", "Reads one note.", &[("name", &name)]),
        tool(
            "write_note",
            "Writes one note whole, making or replacing it.",
            &[("name", &name), ("text", &text)],
        ),
        tool(
            "delete_note",
            "Deletes one note for good.",
            &[("name", &name)]
        ),
        tool(
            "search_notes",
            "Finds the lines of all notes that hold a text.",
            &[("query", &query,)]
        ),
    ])
}

fn tool(name: &str, description: &str, arguments: &[(&str, &Value)]) -> Value {
    let properties: serde_json::Map<String, Value> = arguments
        .iter()
        .map(|(argument, schema)| ((*argument).to_owned(), (*schema).clone()))
        .collect();
    let required: Vec<&str> = arguments.iter().map(|(argument, _)| *argument).collect();
    json!({
        "name": name,
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        },
    })
}

/// Runs a tool. The outer error is a call that can't be understood, the inner one a call that
/// was understood and failed.
pub(super) fn run(
    notes: &Notes,
    tool: &str,
    arguments: &Value,
) -> Result<Result<String, NoteError>, String> {
    let text = |argument: &str| {
        arguments
            .get(argument)
            .and_then(Value::as_str)
            .ok_or_else(|| format!("`{tool}` needs the text argument `{argument}`"))
    };
    Ok(match tool {
        "list_notes" => notes.list().map(|names| names.join("\n")),
        "read_note" => notes.read(text("name")?),
        "write_note" => {
            let (name, body) = (text("name")?, text("text")?);
            notes
                .write(name, body)
                .map(|()| format!("wrote `{name}`, {} bytes", body.len()))
        }
        "delete_note" => {
            let name = text("name")?;
            notes.delete(name).map(|()| format!("deleted `{name}`"))
        }
        "search_notes" => notes.search(text("query")?).map(|hits| hits.join("\n")),
        other => return Err(format!("there is no tool `{}`", other.escape_debug())),
    })
}

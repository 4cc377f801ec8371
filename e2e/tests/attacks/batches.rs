//! Batches: in their one revision each message is judged by itself and goes on alone; elsewhere
//! none passes.

use crate::case::{Case, comes_to, play, play_on, refused, silenced};
use crate::server::Server::Lenient;
use crate::session::{ALLOWED, Setting};

const INVALID: i64 = -32600;
const FORBIDDEN: i64 = -32001;
const ECHO: &str = r#"{@call,"params":{"name":"echo","arguments":{"in":"a batch"}}}"#;

#[test]
fn each_message_of_a_batch_is_judged_and_goes_on_alone() {
    let setting = Setting {
        revision: "2025-03-26",
        spec: format!("{ALLOWED}\n  tool_rules: [{{tool: careful, action: ask}}]"),
        ..Setting::default()
    };
    let eight = ECHO
        .replace(":7,", ":8,")
        .replace("@call", r#""jsonrpc":"2.0","id":8,"method":"tools/call""#);
    let answer = r#"{"jsonrpc":"2.0","id":90,"result":{"m":"HID"}}"#;
    let honest: &[Case] = &[
        comes_to(format!("[{ECHO}]"), &[0], &["ALLOW"]),
        comes_to(format!("[{ECHO},{eight}]"), &[0, 0], &["ALLOW", "ALLOW"]),
        comes_to(format!("[\r{ECHO}\r]"), &[0], &["ALLOW"]),
    ];
    let mixed: &[Case] = &[
        comes_to(
            format!("[{ECHO},@evil]"),
            &[0, FORBIDDEN],
            &["ALLOW", "BLOCK"],
        ),
        comes_to(
            format!("[@evil,{ECHO}]"),
            &[FORBIDDEN, 0],
            &["BLOCK", "ALLOW"],
        ),
        comes_to(
            format!("[@evil,{ECHO},1]"),
            &[FORBIDDEN, 0, INVALID],
            &["BLOCK", "ALLOW", "BLOCK"],
        ),
        comes_to(
            format!("[1,\"a\",null,true,[],{ECHO},[@evil],{{}}]"),
            &[
                INVALID, INVALID, INVALID, INVALID, INVALID, 0, INVALID, INVALID,
            ],
            &[
                "BLOCK", "BLOCK", "BLOCK", "BLOCK", "BLOCK", "ALLOW", "BLOCK", "BLOCK",
            ],
        ),
        // The second of two with one id is refused, and so is every other kind of it.
        comes_to(
            format!("[{ECHO},{ECHO}]"),
            &[0, INVALID],
            &["ALLOW", "BLOCK"],
        ),
        comes_to(
            format!(
                r#"[{ECHO},{{@call,"params":{{"name":"forbidden","arguments":{{"m":"HID"}}}}}}]"#
            ),
            &[0, INVALID],
            &["ALLOW", "BLOCK"],
        ),
        comes_to(
            format!("[{answer},{ECHO},{answer}]"),
            &[0],
            &["MESSAGE_DROPPED", "ALLOW", "MESSAGE_DROPPED"],
        ),
        comes_to(
            format!(
                r#"[{ECHO},{{@call,"params":{{"name":"echo","Name":"forbidden","arguments":{{"m":"HID"}}}}}}]"#
            ),
            &[0, INVALID],
            &["ALLOW", "BLOCK"],
        ),
        comes_to(
            format!(
                r#"[{ECHO},{{"jsonrpc":"2.0","method":"tools/call","params":{{"name":"forbidden","arguments":{{"m":"HID"}}}}}}]"#
            ),
            &[0],
            &["ALLOW", "BLOCK"],
        ),
        comes_to(
            r#"[{@call,"params":{"name":"careful","arguments":{"m":"HID"}}}]"#,
            &[FORBIDDEN],
            &["BLOCK"],
        ),
        comes_to(
            "[@evil\r,@evil]",
            &[FORBIDDEN, FORBIDDEN],
            &["BLOCK", "BLOCK"],
        ),
    ];
    let whole: &[Case] = &[
        refused(INVALID, "[]"),
        refused(INVALID, "[[@evil]]"),
        refused(INVALID, "[[[@evil,@evil]]]"),
        silenced(
            r#"[{"jsonrpc":"2.0","method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}]"#,
        ),
        // What can't be read fails whole.
        refused(
            INVALID,
            format!(
                r#"[{ECHO},{{@call,"params":{{"name":"echo","name":"forbidden","arguments":{{"m":"HID"}}}}}}]"#
            ),
        ),
        refused(-32700, format!("[{ECHO},@evil")),
        refused(-32700, format!("[{ECHO},@evil,]")),
        refused(-32700, format!("[{ECHO}][@evil]")),
        refused(INVALID, format!("[{}1,@evil]", "1,".repeat(1023))),
    ];
    play(
        "each_message_of_a_batch_is_judged_and_goes_on_alone",
        &setting,
        &[honest, mixed, whole],
    );
}

#[test]
fn a_batch_passes_in_no_other_revision() {
    let cases: &[Case] = &[
        refused(INVALID, "[@evil]"),
        refused(INVALID, format!("[{ECHO},@evil]")),
        refused(INVALID, format!("[{ECHO}]")),
        refused(INVALID, "[]"),
        refused(INVALID, "[[@evil]]"),
        refused(
            INVALID,
            r#"[{"jsonrpc":"2.0","method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}]"#,
        ),
    ];
    for revision in ["2024-11-05", "2025-06-18", "2026-07-28"] {
        let setting = Setting {
            revision,
            ..Setting::default()
        };
        play_on(
            &[Lenient],
            "a_batch_passes_in_no_other_revision",
            &setting,
            &[cases],
        );
    }
    play(
        "a_batch_passes_in_no_other_revision",
        &Setting::default(),
        &[cases],
    );
}

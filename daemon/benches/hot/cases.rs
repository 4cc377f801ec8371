//! The pure pieces: each is made ready first and then does its work as often as it is called.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use engine::decide::{Call, Facts, Listing, Override, decide};
use engine::dlp::Scope;
use engine::node::Node;
use engine::paths::{Found, Ground, candidates};
use engine::policy::{Place, Policy};
use engine::rate::Buckets;
use wire::link::{Decoder, Stream, frame};

/// Something that can be done again and again.
pub(crate) type Case = Box<dyn FnMut()>;

/// A line as tools answer it, without a secret.
const LINE: &str =
    "src/engine/rules.rs:142: fn judge(call: &Call) -> Verdict { deny } // 2026-11-27\n";
/// What the patterns look for.
const SECRETS: &str = "AKIAIOSFODNN7EXAMPLE and ghp_0123456789abcdefghijABCDEFGHIJ012345 \n";
/// How much text there is to one line of secrets, where there are any.
const APART: usize = 10 << 10;

/// Three patterns of the guide.
pub(crate) const DLP: &str = r#"  dlp:
    patterns:
      - name: "AWS Key"
        regex: "AKIA[A-Z0-9]{16}"
      - name: "GitHub Token"
        regex: "ghp_[a-zA-Z0-9]{36}"
      - name: "Credit Card"
        regex: "\\b(?:\\d{4}[- ]?){3}\\d{4}\\b"
"#;

/// A piece by the name it is counted under.
pub(crate) fn named(name: &str) -> Case {
    match name {
        "parse-1k" => parse(1 << 10),
        "decide-100-rules" => decision(100),
        "dlp-10k" => scan(10 << 10, false),
        "frame-encode-1k" => encode(1 << 10),
        "frame-decode-1k" => decode(1 << 10),
        other => panic!("there is no `{other}`"),
    }
}

/// Reads a call strictly, from bytes to the tool and its arguments.
pub(crate) fn parse(size: usize) -> Case {
    let line = call_line(size);
    Box::new(move || {
        let read = wire::rpc::read(black_box(&line)).unwrap();
        let wire::rpc::Frame::Single(message) = &read.frame else {
            panic!("one message was sent");
        };
        black_box(wire::mcp::tool_call(message.params()).unwrap());
    })
}

/// Decides a call of 1 KB that the last of so many rules allows.
pub(crate) fn decision(rules: usize) -> Case {
    let policy = policy(rules);
    let tool = format!("tool_{}", rules - 1);
    let args = arguments(1 << 10);
    let found = paths_in(&args);
    let resolved: Vec<PathBuf> = found.iter().map(|it| it.path.clone()).collect();
    let mut buckets = Buckets::default();
    Box::new(move || {
        let call = Call {
            method: "tools/call",
            tool: Some(&tool),
            args: &args,
            named: &[],
        };
        let facts = Facts {
            now_ms: 1_772_533_845_123,
            listing: Listing::Unknown,
            held: None,
            override_: Override::None,
            paths: Found {
                candidates: &found,
                resolved: &resolved,
            },
            task_known: false,
        };
        let decision = decide(&policy, black_box(&call), &facts, &mut buckets);
        assert!(matches!(decision, engine::Decision::Allow(_)));
    })
}

/// Finds the paths in the arguments of a call of 1 KB.
pub(crate) fn paths() -> Case {
    let args = arguments(1 << 10);
    Box::new(move || {
        black_box(paths_in(black_box(&args)));
    })
}

/// Scans a text with three patterns.
pub(crate) fn scan(size: usize, secrets: bool) -> Case {
    let policy = policy(1);
    let text = text(size, secrets);
    Box::new(move || {
        let scan = policy.dlp().scan(black_box(&text), Scope::Response);
        assert_eq!(matches!(scan, engine::dlp::Scan::Clean), !secrets);
    })
}

/// Puts a frame into a packet.
pub(crate) fn encode(size: usize) -> Case {
    let line = call_line(size);
    let mut out = Vec::with_capacity(size * 2);
    Box::new(move || {
        out.clear();
        frame(&mut out, Stream::Client, 7, black_box(&line));
        black_box(&out);
    })
}

/// Takes a frame out of a packet.
pub(crate) fn decode(size: usize) -> Case {
    let mut packet = Vec::new();
    frame(&mut packet, Stream::Client, 7, &call_line(size));
    let mut decoder = Decoder::default();
    Box::new(move || {
        decoder.push(black_box(&packet));
        black_box(decoder.next_packet().unwrap().unwrap());
    })
}

/// A text of about so many bytes.
fn text(size: usize, secrets: bool) -> String {
    let mut text = String::with_capacity(size + SECRETS.len());
    let mut next = APART / 2;
    while text.len() < size {
        text.push_str(LINE);
        if secrets && text.len() >= next {
            text.push_str(SECRETS);
            next += APART;
        }
    }
    text
}

fn call_line(size: usize) -> Vec<u8> {
    let text = text(size, false).replace('\n', "\\n");
    format!(
        r#"{{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{{"name":"write_file","arguments":{{"path":"/home/me/project/src/main.rs","content":"{text}","mode":420,"append":false}}}}}}"#
    )
    .into_bytes()
}

fn arguments(size: usize) -> Node<'static> {
    Node::Object(vec![
        (
            "path".into(),
            Node::String("/home/me/project/src/main.rs".into()),
        ),
        ("content".into(), Node::String(text(size, false).into())),
        ("mode".into(), Node::Number("420".into())),
        ("append".into(), Node::Bool(false)),
    ])
}

fn paths_in(args: &Node<'_>) -> Vec<engine::paths::Candidate> {
    let ground = Ground {
        home: Some(Path::new("/home/me")),
        bases: &[PathBuf::from("/home/me/project")],
        user_homes: &|_| None,
    };
    candidates(args, &ground)
}

fn policy(rules: usize) -> Policy {
    let mut text = String::from(
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: bench\nspec:\n\
         \x20 mode: enforce\n  protected_paths:\n    - ~/.ssh\n    - ~/.aws\n  tool_rules:\n",
    );
    for n in 0..rules {
        text.push_str(&format!(
            "    - tool: tool_{n}\n      allow_args:\n        path: \"/home/me/project/.*\"\n"
        ));
    }
    text.push_str(DLP);
    let place = Place {
        home: Some(PathBuf::from("/home/me")),
        protected: vec![
            PathBuf::from("/home/me/agent.yaml"),
            PathBuf::from("/home/me/.local/state/aip"),
        ],
        case_insensitive: false,
        ..Place::default()
    };
    Policy::load(&text, &place).unwrap().policy
}

//! A call with the facts around it, judged under a policy's `spec`.

use std::path::{Path, PathBuf};

use engine::{
    Call, Decision, Facts, Held, Listing, Node, Override, Place, Policy, decide, paths,
    rate::Buckets,
};

/// A call of the tool `t`, without arguments.
pub(crate) const TOOL: Case = Case::new("tools/call", Some("t"));

#[derive(Clone, Copy)]
pub(crate) enum List {
    Unknown,
    Absent,
    One(&'static str, &'static str),
    Ambiguous,
}

/// A call with the facts around it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) method: &'static str,
    pub(crate) tool: Option<&'static str>,
    pub(crate) args: Vec<(&'static str, &'static str)>,
    pub(crate) listing: List,
    pub(crate) held: Option<Held>,
    pub(crate) override_: Override,
    pub(crate) task_known: bool,
    pub(crate) now_ms: i64,
}

impl Case {
    pub(crate) const EMPTY: Case = Case::new("", None);

    pub(crate) const fn new(method: &'static str, tool: Option<&'static str>) -> Case {
        Case {
            method,
            tool,
            args: Vec::new(),
            listing: List::Unknown,
            held: None,
            override_: Override::None,
            task_known: false,
            now_ms: 0,
        }
    }

    pub(crate) fn arg(mut self, name: &'static str, value: &'static str) -> Case {
        self.args.push((name, value));
        self
    }

    pub(crate) fn at_path(self, path: &'static str) -> Case {
        self.arg("path", path)
    }

    pub(crate) fn listed(self, name: &'static str, description: &'static str) -> Case {
        Case {
            listing: List::One(name, description),
            ..self
        }
    }
}

pub(crate) fn check(spec: &str, case: Case, expected: &str) {
    check_all(spec, &[(case, expected)]);
}

/// Calls one after another under one policy and its rates.
pub(crate) fn check_all(spec: &str, cases: &[(Case, &str)]) {
    let policy = load(spec);
    let mut buckets = Buckets::default();
    for (index, (case, expected)) in cases.iter().enumerate() {
        let decision = run(&policy, case, &mut buckets);
        assert_eq!(
            told(&decision),
            *expected,
            "call {index} under\n{spec}\n{decision:?}"
        );
    }
}

pub(crate) fn load(spec: &str) -> Policy {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let head = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: test\nspec:\n";
    let place = Place {
        home: Some("/home/me".into()),
        protected: vec!["/policies/agent.yaml".into()],
        case_insensitive: false,
        ..Place::default()
    };
    Policy::load(&format!("{head}{spec}"), &place)
        .unwrap_or_else(|e| panic!("{e}"))
        .policy
}

pub(crate) fn run(policy: &Policy, case: &Case, buckets: &mut Buckets) -> Decision {
    let args = case
        .args
        .iter()
        .map(|(k, v)| ((*k).into(), Node::String((*v).into())));
    let args = Node::Object(args.collect());
    let bases = [PathBuf::from("/work")];
    let home = Some(Path::new("/home/me"));
    let ground = paths::Ground {
        home,
        bases: &bases,
        user_homes: &|_| None,
    };
    let candidates = paths::candidates(&args, &ground);
    let listed;
    let listing = match case.listing {
        List::Unknown => Listing::Unknown,
        List::Absent => Listing::Absent,
        List::Ambiguous => Listing::Ambiguous,
        List::One(name, description) => {
            listed = definition(description);
            Listing::One {
                name,
                definition: &listed,
            }
        }
    };
    let facts = Facts {
        now_ms: case.now_ms,
        listing,
        held: case.held,
        override_: case.override_,
        paths: paths::Found {
            candidates: &candidates,
            resolved: &[],
        },
        task_known: case.task_known,
    };
    decide(
        policy,
        &Call {
            method: case.method,
            tool: case.tool,
            args: &args,
            named: &[],
        },
        &facts,
        buckets,
    )
}

pub(crate) fn definition(description: &'static str) -> Node<'static> {
    let text = |text: &'static str| Node::String(text.into());
    Node::Object(vec![
        ("name".into(), text("t")),
        ("description".into(), text(description)),
    ])
}

pub(crate) fn told(decision: &Decision) -> String {
    match decision {
        Decision::Allow(it) => match &it.violation {
            None => format!("ALLOW {}", it.forward_as),
            Some(why) => format!("ALLOW_MONITOR {} {}", it.forward_as, why.code.number()),
        },
        Decision::Ask(it) => match &it.violation {
            None => format!("ASK {}", it.forward_as),
            Some(why) => format!("ASK {} {}", it.forward_as, why.code.number()),
        },
        Decision::Refuse(it) => {
            let arg = it
                .failed_arg
                .as_ref()
                .map(|arg| format!(" ({arg})"))
                .unwrap_or_default();
            let verdict = match it.verdict {
                engine::Verdict::Block => "BLOCK",
                engine::Verdict::RateLimited => "RATE_LIMITED",
            };
            format!("{verdict} {}{arg}", it.code.number())
        }
    }
}

//! The policies an input can put in force, each beside what it means, written by hand: a judge
//! that knows nothing of the engine but the normal form of names that are not ASCII.

use std::sync::{Arc, Mutex};

use aipd::session::state::InForce;
use engine::decide::Override;
use engine::name::normal_form;
use engine::policy::{Place, Policy};

use super::seen::Json;

/// Where every policy is said to stand; protected, therefore.
pub const FILE: &str = "/etc/aip/agent.yaml";
const FILE_URI: &str = "file:///etc/aip/agent.yaml";
/// How many calls of a limited tool may come at once, and after how many ms there is one more.
pub const RATE: (usize, i64) = (2, 1_800_000);
/// What DLP keeps in.
pub const SECRET: &str = "sesame";

/// What a policy means.
pub struct Rules {
    spec: &'static str,
    /// A star at the end stands for any end.
    allowed: &'static [&'static str],
    denied: &'static [&'static str],
    ask: &'static [&'static str],
    /// Calls of these are counted.
    limited: &'static [&'static str],
    /// `*`, `safe` or `strict`.
    methods: &'static str,
    denied_methods: &'static [&'static str],
    /// None for every one.
    server: Option<&'static [&'static str]>,
    /// `checked` must be given digits.
    checks: bool,
    /// Violations are let through.
    pub monitor: bool,
    /// Every method is recorded.
    pub keeps_all: bool,
    /// The secret does not go out.
    keeps_in: bool,
    /// The secret does not come back.
    pub redacts: bool,
    /// A tool that is not what it was first is held.
    pins: bool,
    /// Only resources `x:*` and the prompt `free` are reached.
    named: bool,
}

/// What the judge says of a message that went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It may.
    Pass,
    /// A person must have said yes.
    Ask,
    /// It must not.
    Never,
}

const SERVER: Option<&[&str]> = Some(&["ping", "roots/list", "elicitation/create"]);
const LIMITS: &str = "  tool_rules:\n    - {tool: rated, rate_limit: 2/hour}\n";

/// No policy at all.
const BASE: Rules = Rules {
    spec: "",
    allowed: &[],
    denied: &[],
    ask: &[],
    limited: &[],
    methods: "safe",
    denied_methods: &[],
    server: SERVER,
    checks: false,
    monitor: false,
    keeps_all: false,
    keeps_in: false,
    redacts: false,
    pins: false,
    named: false,
};

/// Every policy, and that there is none.
pub const ALL: [Rules; 11] = [
    Rules {
        spec: "  allowed_tools: [free, get_*]\n  denied_tools: [get_secret, denied]\n\
               LIMITS    - {tool: ask, action: ask}\n    - {tool: paid, action: ask, rate_limit: 2/hour}\n",
        allowed: &["free", "get_*", "rated"],
        denied: &["get_secret", "denied"],
        ask: &["ask", "paid"],
        limited: &["rated", "paid"],
        ..BASE
    },
    Rules {
        spec: "  mode: monitor\n  allowed_tools: [free]\n  denied_tools: [denied]\n\
               LIMITS    - {tool: ask, action: ask}\n    - {tool: paid, rate_limit: 2/hour}\n",
        allowed: &["free", "rated", "paid"],
        denied: &["denied"],
        ask: &["ask"],
        limited: &["rated", "paid"],
        monitor: true,
        ..BASE
    },
    Rules {
        spec: "  method_profile: strict\n  allowed_tools: [free]\n  denied_tools: [ask]\n  \
               audit: {methods: all, args: hash}\n  allowed_server_methods: [sampling/createMessage]\n\
               LIMITS    - {tool: paid, rate_limit: 2/hour}\n    \
               - {tool: checked, allow_args: {n: '[0-9]+'}, strict_args: true}\n",
        allowed: &["free", "rated", "paid", "checked"],
        denied: &["ask"],
        limited: &["rated", "paid"],
        methods: "strict",
        server: Some(&["sampling/createmessage"]),
        checks: true,
        keeps_all: true,
        ..BASE
    },
    Rules {
        spec: "  on_block: tool_result\n  allowed_tools: [free, other]\n\
               LIMITS    - {tool: ask, action: ask}\n    - {tool: paid, action: ask, rate_limit: 2/hour}\n  \
               dlp:\n    scan_requests: true\n    on_request_match: redact\n    patterns:\n      \
               - {name: word, regex: sesame}\n",
        allowed: &["free", "other", "rated"],
        ask: &["ask", "paid"],
        limited: &["rated", "paid"],
        keeps_in: true,
        redacts: true,
        ..BASE
    },
    Rules {
        spec: "  allowed_tools: ['*']\n  denied_tools: [exec_*, denied]\n  allowed_methods: ['*']\n  \
               denied_methods: [prompts/get]\n  allowed_server_methods: ['*']\n  audit: {methods: all}\n\
               LIMITS    - {tool: paid, rate_limit: 2/hour}\n  \
               dlp:\n    scan_requests: true\n    on_request_match: block\n    patterns:\n      \
               - {name: word, regex: sesame}\n",
        allowed: &["*"],
        denied: &["exec_*", "denied"],
        limited: &["rated", "paid"],
        methods: "*",
        denied_methods: &["prompts/get"],
        server: None,
        keeps_all: true,
        keeps_in: true,
        redacts: true,
        ..BASE
    },
    Rules {
        spec: "  mode: monitor\n  audit: {methods: all}\n  denied_tools: [paid]\n\
               LIMITS    - {tool: ask, action: ask, rate_limit: 2/hour}\n",
        allowed: &["rated"],
        denied: &["paid"],
        ask: &["ask"],
        limited: &["rated", "ask"],
        monitor: true,
        keeps_all: true,
        ..BASE
    },
    Rules {
        spec: "  allowed_tools: []\n",
        ..BASE
    },
    BASE,
    Rules {
        spec: "  allowed_tools: ['*']\n  pinning: block\n\
               LIMITS    - {tool: ask, action: ask}\n    - {tool: paid, rate_limit: 2/hour}\n",
        allowed: &["*"],
        ask: &["ask"],
        limited: &["rated", "paid"],
        pins: true,
        ..BASE
    },
    Rules {
        spec: "  allowed_tools: [free]\n  allowed_resources: ['x:*']\n  allowed_prompts: [free]\n",
        allowed: &["free"],
        named: true,
        ..BASE
    },
    Rules {
        spec: "  allowed_tools: [free, other]\n  denied_methods: [tasks/cancel]\n  audit: {methods: all}\n  \
               dlp:\n    patterns:\n      - {name: word, regex: sesame}\n",
        allowed: &["free", "other"],
        denied_methods: &["tasks/cancel"],
        keeps_all: true,
        redacts: true,
        ..BASE
    },
];

/// What the lists of resources and prompts bring along.
const NAMED: [&str; 7] = [
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "prompts/list",
    "prompts/get",
];
const SAFE: [&str; 14] = [
    "initialize",
    "initialized",
    "ping",
    "tools/call",
    "tools/list",
    "completion/complete",
    "notifications/initialized",
    "notifications/progress",
    "notifications/message",
    "notifications/resources/updated",
    "notifications/resources/list_changed",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "cancelled",
];
const COMPAT: [&str; 4] = [
    "notifications/cancelled",
    "notifications/roots/list_changed",
    "server/discover",
    "subscriptions/listen",
];

impl Rules {
    /// Compiles every policy.
    pub fn compiled() -> Vec<InForce> {
        ALL.iter().map(Self::compile).collect()
    }

    fn compile(&self) -> InForce {
        let head = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: p\nspec:\n";
        let text = format!("{head}{}", self.spec.replace("LIMITS", LIMITS));
        let place = Place {
            home: Some("/home/u".into()),
            protected: vec![FILE.into()],
            case_insensitive: false,
            ..Place::default()
        };
        let loaded = || {
            let loaded = Policy::load(&text, &place);
            loaded
                .unwrap_or_else(|errors| panic!("{}\n{text}", errors.render("p")))
                .policy
        };
        let none = self.is_none();
        InForce {
            policy: if none { Policy::none() } else { loaded() },
            path: if none { String::new() } else { FILE.to_owned() },
            file: "agent.yaml".to_owned(),
            buckets: Arc::new(Mutex::default()),
        }
    }

    fn is_none(&self) -> bool {
        self.spec.is_empty()
    }

    /// Whether violations are recorded and let through.
    pub fn watching(&self, overriding: Override) -> bool {
        (self.monitor || overriding == Override::Monitor) && !self.is_none()
    }

    /// Whether this call may go out.
    pub fn call(&self, overriding: Override, tool: &str, params: &Json) -> Word {
        let (tool, watching) = (normal(tool), self.watching(overriding));
        let args = params.get("arguments");
        let names = |path: &Json| path.any_text(&|it| it == FILE);
        let never = overriding == Override::DenyAll
            || self.is_none()
            || args.and_then(|it| it.get("path")).is_some_and(names)
            || (self.keeps_in && args.is_some_and(|it| it.any_text(&|it| it.contains(SECRET))));
        let listed = fits(self.allowed, &tool);
        let digits = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
        let checked = match args.and_then(|it| it.get("n")) {
            Some(Json::Integer(_)) => true,
            Some(Json::Text(text)) => digits(text),
            _ => false,
        };
        let refused = fits(self.denied, &tool)
            || (self.checks && tool == "checked" && !checked)
            || !self.method(overriding, "tools/call", &Json::Plain, false);
        let asks = self.ask.contains(&tool.as_str());
        match (never, refused && !watching, asks) {
            (true, _, _) | (_, true, _) => Word::Never,
            (_, _, true) => Word::Ask,
            _ if listed || watching => Word::Pass,
            _ => Word::Never,
        }
    }

    /// Whether a tool that is not what it was first is hidden and refused.
    pub fn holds(&self, overriding: Override) -> bool {
        self.pins && !self.watching(overriding)
    }

    /// Whether a message of this method may go out; `task` where it names one of the session's.
    pub fn method(&self, overriding: Override, method: &str, params: &Json, task: bool) -> bool {
        let method = normal(method);
        let uri = params.get("uri").and_then(Json::text);
        let protected = uri == Some(FILE_URI) && method.starts_with("resources/");
        if overriding == Override::DenyAll || protected {
            return ["ping", "notifications/cancelled"].contains(&method.as_str());
        }
        let denied = self.denied_methods.contains(&method.as_str());
        self.watching(overriding)
            || (!denied && self.lists(&method, task) && self.reaches(&method, params))
    }

    fn lists(&self, method: &str, task: bool) -> bool {
        let tasks = method == "tasks/list" || (task && method.starts_with("tasks/"));
        self.methods == "*"
            || SAFE.contains(&method)
            || (self.named && NAMED.contains(&method))
            || (self.methods == "safe" && (tasks || COMPAT.contains(&method)))
    }

    /// Whether what a message names may be reached.
    fn reaches(&self, method: &str, params: &Json) -> bool {
        let text = |key| params.get(key).and_then(Json::text).unwrap_or_default();
        match method {
            _ if !self.named || method.ends_with("/list") => true,
            _ if method.starts_with("resources/") => text("uri").starts_with("x:"),
            _ if method.starts_with("prompts/") => text("name") == "free",
            _ => true,
        }
    }

    /// Whether a list that answers this method may show this entry.
    pub fn shows(&self, overriding: Override, method: &str, entry: &Json, own_task: bool) -> bool {
        let text = |key| entry.get(key).and_then(Json::text).unwrap_or_default();
        let named = match method {
            "resources/list" => text("uri").starts_with("x:"),
            "resources/templates/list" => text("uriTemplate").starts_with("x:"),
            "prompts/list" => text("name") == "free",
            "tasks/list" => return own_task || self.methods == "*" || self.watching(overriding),
            _ => true,
        };
        named || !self.named || self.watching(overriding)
    }

    /// Whether the server may ask this.
    pub fn server_method(&self, overriding: Override, method: &str) -> bool {
        self.monitor
            || overriding == Override::Monitor
            || self
                .server
                .is_none_or(|all| all.contains(&normal(method).as_str()))
    }

    /// Whether this tool's calls are counted.
    pub fn limits(&self, tool: &str) -> bool {
        self.limited.contains(&normal(tool).as_str())
    }
}

/// The tools a policy limits somewhere.
pub const LIMITED: [&str; 3] = ["rated", "paid", "ask"];

/// A name as it is compared.
pub fn normal(name: &str) -> String {
    if !name.is_ascii() {
        return normal_form(name).into_owned();
    }
    let seen: String = name.chars().filter(|it| !it.is_ascii_control()).collect();
    seen.trim().to_ascii_lowercase()
}

fn fits(patterns: &[&str], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *pattern == name,
        })
}

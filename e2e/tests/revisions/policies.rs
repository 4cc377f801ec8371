//! What works under a policy that allows the tools and says nothing of methods, and under the bare
//! list of methods.

use e2e::home::Home;
use e2e::needs::needs;
use e2e::programs::program;
use serde_json::{Value, json};

use crate::clients::{
    Client, python_sdk_1, python_sdk_2, python_sdk_2_auto, typescript_sdk_1, typescript_sdk_2,
    typescript_sdk_2_auto,
};
use crate::run::{Runs, Seen};
use crate::servers::Server;
use crate::spoken::{Has, asking, handshake, stateless};

const TOOLS: &str = "  allowed_tools: ['*']";
const STRICT: &str = "  method_profile: strict\n  allowed_tools: ['*']";

/// A client and the server it drives.
type Case = (Client, Result<Server, String>);

/// Both tests of every client.
macro_rules! cases {
    ($($client:ident: $case:expr;)+) => {
        mod with_the_tools_allowed_all_is_as_without_but_what_is_refusable {
            use super::*;

            $(
                #[test]
                fn $client() {
                    check_tools(stringify!($client), &$case);
                }
            )+
        }

        mod under_the_bare_list_every_client_connects_lists_and_calls {
            use super::*;

            $(
                #[test]
                fn $client() {
                    check_strict(stringify!($client), &$case);
                }
            )+
        }
    };
}

const OLDEST: &str = "2024-11-05";
const NEWEST: &str = "2025-11-25";
const FORM: &[Has] = &[Has::Elicitation];
const ALL: &[Has] = &[Has::RootsChanged, Has::Elicitation, Has::Visit, Has::Tasks];

cases! {
    python_1_oldest: (asking(python_sdk_1(), OLDEST), handshake(OLDEST, &[]));
    python_1_tasks: (python_sdk_1(), handshake(NEWEST, ALL));
    python_2: (python_sdk_2(), handshake(NEWEST, FORM));
    python_2_auto: (python_sdk_2_auto(), stateless());
    typescript_1: (typescript_sdk_1(), handshake(NEWEST, FORM));
    typescript_2: (typescript_sdk_2(), handshake(NEWEST, FORM));
    typescript_2_auto: (typescript_sdk_2_auto(), stateless());
}

/// The steps, without what tells a test what to look for.
fn steps(server: &Server) -> Value {
    let steps = server.steps.as_array().unwrap().iter();
    let plain = steps.map(|step| {
        let mut step = step.clone();
        step.as_object_mut().unwrap().remove("shows");
        step
    });
    plain.collect()
}

/// What the client makes of these steps through aip under this policy, and first without it.
fn drive(name: &str, case: &Case, spec: &str, steps: Option<Value>) -> Option<(Home, Seen, Seen)> {
    let home = Home::new();
    let (client, server) = (case.0.driver.clone(), case.1.as_ref());
    let server = server.map_err(Clone::clone);
    let (driver, server) = needs(name, client.and_then(|client| Ok((client, server?))))?;
    let steps = steps.unwrap_or_else(|| self::steps(server));
    let runs = Runs {
        home: &home,
        server,
        driver: &driver,
        steps: &steps,
    };
    let bare = runs.drive(&server.command);
    let policy = home.policy("tools", spec);
    let own = [program("aip"), "--policy".into(), policy, "--".into()];
    let own = own.map(|word| word.to_string_lossy().into_owned());
    let wrapped: Vec<String> = own.iter().chain(&server.command).cloned().collect();
    let through = runs.drive(&wrapped);
    Some((home, bare, through))
}

/// What the policy refuses: to ask the client's model, and to reach for a task of nobody's.
fn refusable(step: &Value) -> bool {
    step["call"] == "sample" || step["foreign"] == "nobodys"
}

/// A transcript but for that.
fn but_refusable(seen: &Seen) -> Value {
    let mut transcript = seen.transcript.clone();
    let list = |of: &mut Value, keep: fn(&Value) -> bool| {
        of.as_array_mut().unwrap().retain(keep);
    };
    list(&mut transcript["steps"], |step| !refusable(step));
    list(&mut transcript["asked"], |asked| {
        asked.get("sampling").is_none()
    });
    transcript
}

fn check_tools(name: &str, case: &Case) {
    let Some((home, bare, through)) = drive(name, case, TOOLS, None) else {
        return;
    };
    let (bare, left) = (but_refusable(&bare), but_refusable(&through));
    assert_eq!(left, bare, "{name}");
    let steps = through.transcript["steps"].as_array().unwrap();
    for step in steps.iter().filter(|step| refusable(step)) {
        assert!(
            !step.to_string().contains("a sampled answer"),
            "{name}: {step}"
        );
    }
    assert_eq!(left["asked"], through.transcript["asked"], "{name}");
    check_refused(name, &home);
}

/// In the newest revision the server reads that the client can't be asked, and does not ask.
fn check_refused(case: &str, home: &Home) {
    let decisions = home.decisions();
    let refused = decisions.iter().filter(|it| it["decision"] != "ALLOW");
    let mut refused: Vec<_> = refused.filter_map(|it| it["method"].as_str()).collect();
    refused.sort_unstable();
    match case {
        "python_1_tasks" => assert_eq!(refused, ["sampling/createMessage", "tasks/get"], "{case}"),
        _ if case.contains("auto") => {
            let asked = refused.iter().all(|it| *it == "sampling/createMessage");
            assert!(asked, "{case}: {refused:?}");
        }
        _ => assert_eq!(refused, ["sampling/createMessage"], "{case}"),
    }
}

/// Those that look for the newest revision first fall back to the handshake.
fn check_strict(name: &str, case: &Case) {
    let steps = json!([{"tools": true}, {"call": "echo", "args": {"text": "tea"}}]);
    let Some((_, bare, through)) = drive(name, case, STRICT, Some(steps)) else {
        return;
    };
    for seen in [&bare, &through] {
        let steps = seen.transcript["steps"].as_array().unwrap();
        let texts: Vec<_> = steps.iter().map(ToString::to_string).collect();
        let shown = texts[0].contains("count") && texts[1].contains("tea");
        assert!(shown, "{name}: {texts:?}");
        assert!(
            steps.iter().all(|step| step.get("error").is_none()),
            "{name}: {texts:?}"
        );
    }
}

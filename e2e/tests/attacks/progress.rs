//! Progress that is told of nothing: each side tells only of what it was asked to tell.

use rustix::process::Signal;
use serde_json::json;

use crate::ids::release;
use crate::server::each;
use crate::session::Setting;

fn progress(token: &str, text: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{{token}"progress":1,"message":"{text}"}}}}"#
    )
}

fn under(token: &str, text: &str) -> String {
    progress(&format!("\"progressToken\":{token},"), text)
}

#[test]
fn progress_is_heard_only_of_a_request_under_way_that_asked_for_it() {
    let mut wrong = [
        "\"T\"", "\"t \"", "7", "\"7\"", "0", "null", "[\"t\"]", "\"over\"",
    ]
    .map(|token| under(token, "hidden"))
    .to_vec();
    wrong.push(progress("", "hidden"));
    let test = "progress_is_heard_only_of_a_request_under_way_that_asked_for_it";
    each(test, &Setting::default(), |mut session| {
        for (id, tool, token) in [(6, "echo", "over"), (7, "hold", "t")] {
            let params =
                json!({"name": tool, "arguments": {"key": "k"}, "_meta": {"progressToken": token}});
            session.send(format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#
            ));
        }
        assert_eq!(session.settle(1)[0]["id"], 6);
        session.emit("50", &wrong);
        let heard = session.settle(1);
        assert!(heard.iter().all(|it| it["id"] == 50), "{heard:?}");
        session.emit("51", &[under("\"t\"", "shown")]);
        let heard = session.settle(2);
        assert_eq!(heard[0]["params"]["message"], "shown", "{heard:?}");
        // The next daemon does not know the token, and lets it pass while the call goes on.
        session.home.kill_daemon(Signal::KILL);
        session.emit("52", &[under("\"t\"", "shown")]);
        let heard = session.settle(2);
        assert_eq!(heard[0]["params"]["message"], "shown", "{heard:?}");
        // The servers have asked for nothing.
        for line in wrong.iter().chain([&under("\"t\"", "hidden")]) {
            session.send(line);
        }
        release(&mut session, "k", 1);
        session.emit("53", &[under("\"t\"", "hidden")]);
        let heard = session.settle(1);
        assert!(heard.iter().all(|it| it["id"] == 53), "{heard:?}");
        let evidence = session.end();
        assert!(!evidence.was_read("hidden"));
        let dropped = |direction| {
            let events = evidence.events("MESSAGE_DROPPED");
            events.filter(|it| it["direction"] == direction).count()
        };
        assert_eq!(dropped("downstream"), wrong.len() + 1);
        assert_eq!(dropped("upstream"), wrong.len() + 1);
    });
}

//! What traffic can't do to the page, and what other pages can't.

use std::io::{Read, Write};
use std::net::TcpListener;

use e2e::home::recorder;
use e2e::programs::program;
use rustix::process::Signal;

use super::*;

const SCRIPT: &str = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>";

/// In every place that traffic can fill.
#[test]
fn nothing_of_the_traffics_runs_in_the_page() {
    let test = "nothing_of_the_traffics_runs_in_the_page";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let tools = at.home.work().join("tools.json");
    let listed = json!([{"name": "asked", "description": SCRIPT, "inputSchema": {"type": "object"}},
        {"name": SCRIPT, "description": format!("\u{202e}{SCRIPT}\u{200b}"), "inputSchema": {"type": "object"}}]);
    fs::write(&tools, listed.to_string()).unwrap();
    let spec = "  allowed_tools: [fine]\n  tool_rules:\n    - {tool: asked, action: ask}";
    let policy = at.home.policy("hostile", spec);
    let server = recorder(
        &at.home.record("server"),
        &["--tools-from", &tools.to_string_lossy()],
    );
    let named = ["--name", "javascript:window.pwned=1//<b>"];
    let aip = at.home.aip(&policy, &named, &server);
    let image = "<img src=x onerror=window.pwned=1>";
    let mut client = Client::start(by_program(&at.home, image, "<b>\u{202e}b", &aip));
    client.initialize();
    client.request("tools/list", &json!({}));
    let args = json!({SCRIPT: [SCRIPT, "\u{202e}\u{7}\u{e0041}"], "text": "</script><script>window.pwned=1</script>"});
    client.call(SCRIPT, &args);
    client.ask(
        "resources/read",
        &json!({"uri": format!("javascript:window.pwned=1//{SCRIPT}")}),
    );
    let id = client.ask_call("asked", &args);

    at.browser.see_in(".ask", SCRIPT);
    at.browser.see_in(".ask h3", image);
    at.browser.see_in(".row-item.bad", SCRIPT);
    at.settle();
    at.browser.press_in(".ask", "Allow…");
    at.browser.see_in(".plan", "in this session");
    let seq = at.home.decisions()[0]["seq"].as_u64().unwrap();
    let tool = at.browser.js(
        "fetch('/api/v1/servers', {headers: {Authorization: `Bearer ${sessionStorage.getItem('aip-token')}`}})\
         .then(it => it.json()).then(it => `#/servers/${it.items[0].id}/` + encodeURIComponent(it.items[0].tools.find(it => it.tool.startsWith('<')).tool))",
    );
    let screens = [
        "#/activity".to_owned(),
        format!("#/activity/{seq}"),
        "#/servers".to_owned(),
        tool.as_str().unwrap().to_owned(),
        "#/policies".to_owned(),
        "#/audit".to_owned(),
        format!(
            "#/activity?q={}",
            "%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E"
        ),
        "#/servers/%3Cimg%20src%3Dx%20onerror%3Dwindow.pwned%3D1%3E/x".to_owned(),
        "#/now".to_owned(),
    ];
    for screen in screens {
        at.shows_harmlessly(&screen);
    }
    at.browser.press_in(".ask", "Deny");
    assert_eq!(answered(&mut client, id)["error"]["code"], -32004);
}

/// A server's errors, and those the page itself is told of a text that it is given.
#[test]
fn nothing_of_an_errors_runs_in_the_page() {
    let test = "nothing_of_an_errors_runs_in_the_page";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let spec = "  allowed_tools: [fails, refuses]";
    let policy = at.home.policy("failing", spec);
    let aip = at.home.aip(&policy, &["--name", "failing"], &at.failing());
    let mut client = Client::start(aip);
    client.initialize();
    let failed = client.call("fails", &json!({}));
    assert_eq!(failed["error"]["message"], SCRIPT, "{failed}");
    let refused = client.call("refuses", &json!({}));
    assert_eq!(refused["result"]["content"][0]["text"], SCRIPT, "{refused}");
    at.browser.see_in(".rows", "refuses");
    for decision in at.home.decisions() {
        at.shows_harmlessly(&format!("#/activity/{}", decision["seq"]));
    }
    let broken = format!(
        "{}  ? {}\n  : 1\n",
        fs::read_to_string(&policy).unwrap(),
        json!(SCRIPT)
    );
    fs::write(&policy, &broken).unwrap();
    at.turn("#/policies", "Policies");
    at.browser.press("Look at the file again");
    at.browser.see(SCRIPT);
    at.browser.fill("The policy's text", &broken);
    at.browser.see_in("#checked", SCRIPT);
    at.shows_harmlessly("#/policies");
    at.shows_harmlessly("#/now");
}

/// The token is the page's own: another server of this machine, whose pages the same browser shows,
/// is not sent it and can't read a word.
#[test]
fn a_page_of_another_local_server_gets_nothing() {
    let test = "a_page_of_another_local_server_gets_nothing";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (mut page, _) = listener.accept().unwrap();
        let mut asked = [0; 8192];
        let count = page.read(&mut asked).unwrap();
        let body = "<!doctype html><title>another</title>";
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length:";
        write!(page, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
        String::from_utf8_lossy(asked.get(..count).unwrap()).into_owned()
    });
    let ours = at.browser.js("location.origin");
    let ours = ours.as_str().unwrap();
    let code = format!(
        "(async () => {{ const tries = []; for (const path of ['/api/v1/status', '/api/v1/events', '/health', '/']) \
         tries.push(await fetch('{ours}' + path, {{credentials: 'include'}}).then(it => `read ${{it.status}}`, () => 'nothing')); \
         const json = {{'Content-Type': 'application/json'}}; \
         tries.push(await fetch('{ours}/api/v1/override', {{method: 'POST', headers: json, body: '{{\"mode\":\"deny_all\"}}'}}).then(it => `read ${{it.status}}`, () => 'nothing')); \
         return {{tries, kept: sessionStorage.length + localStorage.length, cookie: document.cookie}} }})()"
    );
    let url = format!("http://127.0.0.1:{port}/");
    let got = at
        .browser
        .tell(&json!({"do": "elsewhere", "url": url, "code": code}));
    let nothing = ["nothing"; 5];
    assert_eq!(got, json!({"tries": nothing, "kept": 0, "cookie": ""}));
    let heard = heard.join().unwrap().to_lowercase();
    assert!(
        !heard.contains("authorization") && !heard.contains("cookie"),
        "{heard}"
    );
    assert_eq!(at.home.status()["override"], "none");
    at.is_clean();
}

#[test]
fn a_flood_is_shed_and_the_page_goes_on() {
    let test = "a_flood_is_shed_and_the_page_goes_on";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let policy = at.home.policy("flood", "  allowed_tools: [echo]");
    let mut client = at.home.wrap(&policy, &at.home.record("server"), &[]);
    client.initialize();
    let ids: Vec<i64> = (0..3000)
        .map(|n| client.ask_call("echo", &json!({"n": n})))
        .collect();
    for id in ids {
        assert!(client.answer(id, PATIENCE).is_some());
    }
    client.call("echo", &json!({"last": "of all"}));
    at.browser.see_in(".rows", "of all");
    let rows = at.browser.tell(&json!({"do": "count", "in": ".rows li"}));
    assert!(rows.as_u64().unwrap() <= 200, "{rows}");
    at.is_clean();
}

#[test]
fn what_is_being_read_stands_still() {
    let test = "what_is_being_read_stands_still";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    let mut client = at.everything("  allowed_tools: [echo]");
    client.call("echo", &json!({"message": "before"}));
    at.browser.see_in(".rows", "before");
    at.browser.press("Pause");
    for message in ["first", "second", "third"] {
        client.call("echo", &json!({"message": message}));
    }
    at.browser.see("3 new");
    assert!(!at.browser.text(".rows").contains("third"));
    at.browser.press("3 new");
    at.browser.see_in(".rows li:first-child", "third");
    at.is_clean();
}

#[test]
fn a_lost_daemon_is_told_and_found_again() {
    let test = "a_lost_daemon_is_told_and_found_again";
    let Some(mut at) = sitting(test, Whose::Anybodys) else {
        return;
    };
    at.home.kill_daemon(Signal::KILL);
    at.browser.see_in(".band.lost", "Not live");
    at.browser.press("Try now");
    at.browser.see_in(".band.lost", "Not live");
    let started = at.home.ctl(&["service", "start"]);
    assert!(started.status.success(), "{started:?}");
    at.browser.see_in(".connection", "live");
    at.browser.gone(".band.lost");
    let mut client = at.everything("  allowed_tools: [echo]");
    client.call("echo", &json!({"message": "here again"}));
    at.browser.see_in(".rows", "here again");

    let mut revoke = at.home.command("aipctl");
    revoke.args(["dashboard", "--revoke"]);
    assert!(person::runs(&revoke).status.success());
    at.browser.see_in("h1", "This page has no key");
    at.browser.see("aipctl dashboard");
    at.is_clean();
}

impl Sitting {
    /// Nothing on this screen has run, or become an element.
    fn shows_harmlessly(&mut self, screen: &str) {
        self.browser.go(screen);
        std::thread::sleep(Duration::from_millis(400));
        let ran = self.browser.js("window.pwned ?? null");
        assert_eq!(ran, Value::Null, "{screen}");
        let made = "document.querySelectorAll('#page img, #page script, #page b b, #page a[href^=javascript]').length";
        assert_eq!(self.browser.js(made), 0, "{screen}");
        self.is_clean();
    }

    /// A server that answers calls with an error, and then with a result that is one.
    fn failing(&self) -> [String; 3] {
        let answer =
            |name: &str, value: &Value| json!([[{"jsonrpc": "2.0", "id": "$id", name: value}]]);
        let capable = json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
            "serverInfo": {"name": SCRIPT, "version": SCRIPT}, "instructions": SCRIPT});
        let tools =
            ["fails", "refuses"].map(|it| json!({"name": it, "inputSchema": {"type": "object"}}));
        let error = json!({"code": -32000, "message": SCRIPT, "data": {SCRIPT: SCRIPT}});
        let result = json!({"isError": true, "content": [{"type": "text", "text": SCRIPT}]});
        let [failed, refused] = [answer("error", &error), answer("result", &result)];
        let calls = [failed.get(0), refused.get(0)];
        let script = json!({"initialize": answer("result", &capable),
            "tools/list": answer("result", &json!({"tools": tools})), "tools/call": calls});
        let path = self.home.work().join("script.json");
        fs::write(&path, script.to_string()).unwrap();
        let record = self.home.record("server");
        let words = [&program("aip-scripted"), record.path(), &path];
        words.map(|it| it.to_string_lossy().into_owned())
    }
}

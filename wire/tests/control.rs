//! The control socket's lines: people's scripts and older commands read them.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use wire::control::{
    Approval, Channel, EffectiveEnd, EffectiveEntry, EffectiveMember, EffectiveQuery,
    EffectiveTool, EffectiveWord, EraseQuery, Explained, Failure, GrantWish, Lasts, LogQuery,
    OverrideMode, PolicyState, RecordKind, RecordQuery, ReplayChange, ReplayQuery, Replayed, Reply,
    Request, Session, Status, SuggestQuery, Suggested, Unknown, Verified, VerifiedAt, What,
};

#[test]
fn requests_without_fields() {
    check(&Request::Status, r#"{"op":"status"}"#);
    check(&Request::Sessions, r#"{"op":"sessions"}"#);
    check(&Request::PolicyReload, r#"{"op":"policy_reload"}"#);
    check(&Request::Approvals, r#"{"op":"approvals"}"#);
    check(&Request::ApprovalsWatch, r#"{"op":"approvals_watch"}"#);
    check(&Request::DashboardCode, r#"{"op":"dashboard_code"}"#);
    check(&Request::DashboardToken, r#"{"op":"dashboard_token"}"#);
    check(&Request::DashboardRevoke, r#"{"op":"dashboard_revoke"}"#);
    check(&Request::Stop, r#"{"op":"stop"}"#);
    check(&Request::AuditState, r#"{"op":"audit_state"}"#);
}

#[test]
fn requests_for_records() {
    check(&Request::Record { seq: 7 }, r#"{"op":"record","seq":7}"#);
    check(
        &Request::Stats { hours: 24 },
        r#"{"op":"stats","hours":24}"#,
    );
    let query = RecordQuery {
        kinds: vec![RecordKind::Decision, RecordKind::Outcome],
        q: Some("rm".into()),
        before: Some(9),
        ..RecordQuery::default()
    };
    check(
        &Request::Records(query),
        r#"{"op":"records","since":null,"until":null,"tool":null,"server":null,"decision":null,"session":null,"client":null,"event":null,"kinds":["decision","outcome"],"q":"rm","before":9,"after":null,"limit":null}"#,
    );
    let all = Request::Records(RecordQuery::default());
    reads(r#"{"op":"records"}"#, &all);
    let verified = VerifiedAt {
        at: "t".into(),
        found: Verified::default(),
    };
    check(
        &verified,
        r#"{"at":"t","intact":false,"records":0,"head":"","problems":[]}"#,
    );
}

#[test]
fn requests_to_learn_from_records() {
    check(
        &Request::PolicySuggest(SuggestQuery {
            server: Some("files".into()),
            monitor: true,
            ..SuggestQuery::default()
        }),
        r#"{"op":"policy_suggest","since":null,"until":null,"server":"files","policy":null,"monitor":true}"#,
    );
    check(
        &Request::PolicyReplay(ReplayQuery {
            text: "a".into(),
            path: "/p".into(),
            examples: 3,
            ..ReplayQuery::default()
        }),
        r#"{"op":"policy_replay","text":"a","path":"/p","since":null,"until":null,"server":null,"examples":3}"#,
    );
    check(
        &ReplayChange {
            what: "read".into(),
            old: "allow".into(),
            new: "block".into(),
            count: 2,
            examples: vec![1, 2],
            ..ReplayChange::default()
        },
        r#"{"what":"read","old":"allow","new":"block","rule":null,"reason":null,"line":null,"count":2,"examples":[1,2]}"#,
    );
    check(
        &Replayed {
            unknown: vec![Unknown {
                why: "erased".into(),
                count: 1,
            }],
            ..Replayed::default()
        },
        r#"{"calls":0,"unchanged":0,"changed":0,"more":0,"unknown":[{"why":"erased","count":1}],"paths":0,"diagnostics":[]}"#,
    );
    check(
        &Suggested::default(),
        r#"{"yaml":"","calls":0,"tools":0,"left_out":0,"refused":0,"reopened":0,"servers":[],"policy":null}"#,
    );
}

#[test]
fn requests_with_fields() {
    check(
        &Request::AuditVerify {
            checkpoint: Some("7:ab".into()),
        },
        r#"{"op":"audit_verify","checkpoint":"7:ab"}"#,
    );
    check(
        &Request::Policies { path: None },
        r#"{"op":"policies","path":null}"#,
    );
    check(
        &Request::PolicyEffective(EffectiveQuery {
            session: Some("s".into()),
            ..EffectiveQuery::default()
        }),
        r#"{"op":"policy_effective","session":"s","path":null,"cwd":null}"#,
    );
    check(
        &Request::PolicyTrust {
            path: "/p".into(),
            hash: Some("ab".into()),
        },
        r#"{"op":"policy_trust","path":"/p","hash":"ab"}"#,
    );
    check(
        &Request::Answer {
            id: "a1".into(),
            allow: false,
            channel: Channel::Watch,
            grant: None,
        },
        r#"{"op":"answer","id":"a1","allow":false,"channel":"watch"}"#,
    );
    check(
        &Request::Extend {
            id: "a1".into(),
            channel: Channel::Control,
        },
        r#"{"op":"extend","id":"a1","channel":"control"}"#,
    );
    check(
        &Request::Answer {
            id: "a1".into(),
            allow: true,
            channel: Channel::Control,
            grant: Some(GrantWish {
                what: What::Folder {
                    argument: "path".into(),
                    folder: "/x".into(),
                },
                lasts: Lasts::Session,
                shown: None,
            }),
        },
        r#"{"op":"answer","id":"a1","allow":true,"channel":"control","grant":{"what":{"kind":"folder","argument":"path","folder":"/x"},"lasts":{"kind":"session"},"shown":null}}"#,
    );
    check(
        &Request::GrantRevoke { id: None },
        r#"{"op":"grant_revoke","id":null}"#,
    );
    check(
        &Request::Override {
            mode: OverrideMode::DenyAll,
            until: None,
        },
        r#"{"op":"override","mode":"deny_all","until":null}"#,
    );
    check(
        &Request::AuditErase(EraseQuery {
            seq: Some(4),
            ..EraseQuery::default()
        }),
        r#"{"op":"audit_erase","before":null,"session":null,"seq":4}"#,
    );
    check(
        &Request::Logs(LogQuery {
            follow: true,
            limit: Some(5),
            ..LogQuery::default()
        }),
        r#"{"op":"logs","follow":true,"since":null,"tool":null,"server":null,"decision":null,"session":null,"limit":5,"events":false,"outcomes":false}"#,
    );
}

#[test]
fn replies() {
    check(&Reply::Item(json!({"a": 1})), r#"{"item":{"a":1}}"#);
    check(&Reply::End(json!({})), r#"{"end":{}}"#);
    check(
        &Reply::Error(Failure {
            code: "not_found".into(),
            message: "no approval `x`".into(),
        }),
        r#"{"error":{"code":"not_found","message":"no approval `x`"}}"#,
    );
}

#[test]
fn what_replies_hold() {
    check(
        &Status::default(),
        r#"{"daemon":{"pid":0,"version":"","started":""},"folders":{"aip_home":null,"config":"","state":"","runtime":""},"override":"none","override_until":null,"sessions":[],"approvals_waiting":0,"attention":[],"unwrapped":[],"records":0,"needs_password":false,"dashboard":null}"#,
    );
    check(
        &Session {
            id: "s".into(),
            calls: 2,
            ..Session::default()
        },
        r#"{"id":"s","server":"","identity":"","command":[],"server_pid":null,"client":"","client_source":"","policy":null,"policy_name":null,"policy_hash":null,"mode":"","started":"","cwd":"","calls":2,"refused":0}"#,
    );
    check(
        &EffectiveMember {
            path: "/p".into(),
            role: "own".into(),
            entries: vec![EffectiveEntry::default()],
            ..EffectiveMember::default()
        },
        r#"{"path":"/p","role":"own","name":"","hash":"","mode":"","entries":[{"line":0,"list":"","written":"","action":null}]}"#,
    );
    check(
        &EffectiveEnd {
            tools: vec![EffectiveTool {
                tool: "t".into(),
                said: vec![EffectiveWord::default()],
            }],
            ..EffectiveEnd::default()
        },
        r#"{"hash":"","tools":[{"tool":"t","said":[{"word":"","path":"","line":null}]}],"more":false}"#,
    );
    check(
        &Explained {
            layer: Some("/b".into()),
            ..Explained::default()
        },
        r#"{"decision":null,"error_code":null,"reason":null,"detail":null,"line":null,"layer":"/b","trace":[],"diagnostics":[],"notes":[]}"#,
    );
    check(
        &PolicyState {
            path: "/p".into(),
            ..PolicyState::default()
        },
        r#"{"path":"/p","name":"","hash":"","since":"","text":"","pending":null}"#,
    );
    check(
        &Approval {
            id: "a".into(),
            state: "waiting".into(),
            ..Approval::default()
        },
        r#"{"id":"a","session":"","client":"","project":"","server":"","tool":"","args":"","because":"","asked":"","deadline":"","extended":false,"state":"waiting","subject":"","before":null,"grant":null}"#,
    );
    check(
        &Verified {
            intact: true,
            records: 1,
            head: "1:ab".into(),
            problems: Vec::new(),
        },
        r#"{"intact":true,"records":1,"head":"1:ab","problems":[]}"#,
    );
}

#[test]
fn fields_may_be_absent_or_unknown() {
    reads(r#"{"op":"logs"}"#, &Request::Logs(LogQuery::default()));
    reads(
        r#"{"op":"audit_erase","of_the_future":1}"#,
        &Request::AuditErase(EraseQuery::default()),
    );
    reads(
        r#"{"op":"answer","id":"a","allow":true}"#,
        &Request::Answer {
            id: "a".into(),
            allow: true,
            channel: Channel::Control,
            grant: None,
        },
    );
    reads(r#"{"op":"policies"}"#, &Request::Policies { path: None });
    reads("{}", &Status::default());
    reads("{}", &Session::default());
}

#[test]
fn what_is_no_request_is_refused() {
    for line in [
        "",
        "{}",
        "[]",
        r#"{"op":"format_disk"}"#,
        r#"{"op":"answer","id":"a"}"#,
        r#"{"op":"answer","id":"a","allow":true,"channel":"dialog"}"#,
    ] {
        assert!(serde_json::from_str::<Request>(line).is_err(), "{line}");
    }
}

fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(it: &T, line: &str) {
    assert_eq!(serde_json::to_string(it).ok().as_deref(), Some(line));
    reads(line, it);
}

fn reads<T: DeserializeOwned + PartialEq + std::fmt::Debug>(line: &str, it: &T) {
    assert_eq!(serde_json::from_str::<T>(line).ok().as_ref(), Some(it));
}

//! The trust rule: which version of a policy file is in force, and what a person must say.
#![expect(clippy::unwrap_used, reason = "what fails ends the test")]

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use aipd::audit::{Audit, store};
use aipd::config::PolicyTrust;
use aipd::grants::{Bound, Grant, Scope};
use aipd::policies::{Policies, PolicyError};
use wire::control::PolicyState;
use wire::folders::Folders;
use wire::link::PolicyFile;

const BASE: &str = "allowed_tools: [read, write]";
const TIGHTER: &str = "allowed_tools: [read]";
const LOOSER: &str = "allowed_tools: [read, write, erase]";

/// A policy store in a folder of its own, and one policy file.
struct Shelf {
    _folder: tempfile::TempDir,
    folders: Folders,
    file: PathBuf,
    audit: Audit,
    policies: Policies,
}

impl Shelf {
    fn new(trust: PolicyTrust) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        let aip = home.join("aip");
        std::fs::create_dir(&aip).unwrap();
        let folders =
            Folders::find(|name| (name == "AIP_HOME").then(|| aip.clone().into())).unwrap();
        let connection = store::open(&folders.store()).unwrap();
        let (audit, _writer) =
            Audit::start(connection, &folders.store(), folders.live_audit()).unwrap();
        let policies = Policies::new(audit.clone(), trust, &folders, Some(home.clone()));
        let file = home.join("agent.yaml");
        Self {
            _folder: folder,
            folders,
            file,
            audit,
            policies,
        }
    }

    fn write(&self, spec: &str) {
        let head = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: p}\n";
        std::fs::write(&self.file, format!("{head}spec:\n  {spec}\n")).unwrap();
    }

    async fn open(&self, spec: &str) -> Result<Vec<String>, PolicyError> {
        self.write(spec);
        let meta = self.file.metadata().unwrap();
        let named = PolicyFile {
            path: self.path(),
            device: meta.dev(),
            inode: meta.ino(),
            text: std::fs::read_to_string(&self.file).unwrap(),
        };
        Ok(self.policies.open(Some(&named)).await?.notices)
    }

    fn path(&self) -> String {
        self.file.display().to_string()
    }

    async fn state(&self) -> PolicyState {
        self.policies.shown().await.remove(0)
    }

    async fn in_force(&self) -> String {
        self.state().await.text
    }

    async fn events(&self) -> String {
        self.audit.flush().await.unwrap();
        std::fs::read_to_string(self.folders.live_audit()).unwrap_or_default()
    }
}

#[tokio::test]
async fn the_first_sight_counts_and_is_recorded() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    assert!(shelf.open(BASE).await.unwrap().is_empty());
    assert!(shelf.in_force().await.contains(BASE));
    assert!(shelf.events().await.contains("POLICY_LOADED"));
}

#[tokio::test]
async fn a_tighter_change_counts_at_once() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    shelf.open(BASE).await.unwrap();
    assert!(shelf.open(TIGHTER).await.unwrap().is_empty());
    assert!(shelf.in_force().await.contains(TIGHTER));
    assert!(shelf.events().await.contains("POLICY_CHANGED"));
}

#[tokio::test]
async fn a_looser_change_waits_loudly_and_survives_a_restart() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    shelf.open(BASE).await.unwrap();
    let notices = shelf.open(LOOSER).await.unwrap();
    assert!(
        notices.iter().any(|it| it.contains("policy trust")),
        "{notices:?}"
    );
    assert!(shelf.in_force().await.contains(BASE));
    let state = shelf.state().await;
    assert!(state.pending.unwrap().text.contains(LOOSER));
    assert!(shelf.events().await.contains("POLICY_PENDING"));

    let trust = PolicyTrust::FirstUse;
    let again = Policies::new(shelf.audit.clone(), trust, &shelf.folders, None);
    again.restore().await.unwrap();
    let state = again.shown().await.remove(0);
    assert!(state.text.contains(BASE) && state.pending.unwrap().text.contains(LOOSER));
}

#[tokio::test]
async fn a_person_puts_in_force_what_was_shown_and_nothing_else() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    shelf.open(BASE).await.unwrap();
    shelf.open(LOOSER).await.unwrap();
    let shown = shelf.state().await.pending.unwrap().hash;
    shelf.write("allowed_tools: ['*']");
    let error = shelf
        .policies
        .trust(&shelf.path(), Some(&shown))
        .await
        .unwrap_err();
    assert!(matches!(error, PolicyError::NotAsShown(_)), "{error}");
    assert!(shelf.in_force().await.contains(BASE));

    shelf.write(LOOSER);
    let state = shelf
        .policies
        .trust(&shelf.path(), Some(&shown))
        .await
        .unwrap();
    assert!(state.text.contains(LOOSER) && state.pending.is_none());
    assert!(shelf.events().await.contains("POLICY_TRUSTED"));
}

#[tokio::test]
async fn taking_a_change_back_leaves_nothing_waiting() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    shelf.open(BASE).await.unwrap();
    shelf.open(LOOSER).await.unwrap();
    assert!(shelf.open(BASE).await.unwrap().is_empty());
    assert!(shelf.state().await.pending.is_none());
}

#[tokio::test]
async fn a_broken_version_keeps_the_one_in_force_and_says_so() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    shelf.open(BASE).await.unwrap();
    shelf.write("allowed_tool: [read]");
    let state = shelf.policies.reload().await.remove(0);
    assert!(state.text.contains(BASE));
    assert!(state.pending.unwrap().why.contains("allowed_tool"));
    assert!(shelf.events().await.contains("POLICY_REFUSED"));
    let error = shelf.open("allowed_tool: [read]").await.unwrap_err();
    assert!(matches!(error, PolicyError::Invalid(_)), "{error}");
}

#[tokio::test]
async fn with_ask_even_the_first_sight_waits_and_nothing_may_be_called() {
    let shelf = Shelf::new(PolicyTrust::Ask);
    assert!(!shelf.open(BASE).await.unwrap().is_empty());
    assert_eq!(shelf.in_force().await, "");
    assert!(shelf.state().await.pending.unwrap().text.contains(BASE));
    shelf.policies.trust(&shelf.path(), None).await.unwrap();
    assert!(shelf.in_force().await.contains(BASE));
}

#[tokio::test]
async fn with_trust_off_any_valid_change_counts() {
    let shelf = Shelf::new(PolicyTrust::Off);
    shelf.open(BASE).await.unwrap();
    assert!(shelf.open(LOOSER).await.unwrap().is_empty());
    assert!(shelf.in_force().await.contains(LOOSER));
}

#[tokio::test]
async fn a_policy_nobody_has_used_can_not_be_trusted() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    shelf.write(BASE);
    let error = shelf.policies.trust(&shelf.path(), None).await.unwrap_err();
    assert!(matches!(error, PolicyError::Unknown(_)), "{error}");
}

#[tokio::test]
async fn a_grant_ends_with_the_rule_it_was_given_under_and_not_before() {
    const ASKS: &str = "tool_rules: [{tool: pay, action: ask}]";
    const ALSO: &str = "tool_rules: [{tool: pay, action: ask}, {tool: b, action: block}]";
    const RATED: &str = "tool_rules: [{tool: pay, action: ask, rate_limit: 5/hour}]";
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    shelf.open(ASKS).await.unwrap();
    let rule =
        engine::policy::Policy::load(&shelf.in_force().await, &engine::policy::Place::default());
    let rule = rule.unwrap().policy.rule_hash("pay").unwrap();
    let grant = |id: &str, policy: String| Grant {
        id: id.to_owned(),
        bound: Bound {
            client: "c".to_owned(),
            server: "s".to_owned(),
            tool: "pay".to_owned(),
            definition: "d".to_owned(),
            policy,
            rule: rule.clone(),
        },
        scope: Scope::Tool,
        label: "s".to_owned(),
        tool: "pay".to_owned(),
        session: None,
        until_ms: None,
        made_ms: 0,
        approval: "a".to_owned(),
        uses: 0,
        used_ms: None,
    };
    let grants = shelf.policies.grants();
    grants.add(grant("g", shelf.path()));
    grants.add(grant("h", "/another.yaml".to_owned()));
    shelf.open(ALSO).await.unwrap();
    assert_eq!(grants.list().len(), 2, "its rule is the same");
    shelf.open(ASKS).await.unwrap();
    assert_eq!(
        grants.list().len(),
        2,
        "what waits for trust changes nothing"
    );
    shelf.open(RATED).await.unwrap();
    shelf.policies.trust(&shelf.path(), None).await.unwrap();
    let left: Vec<String> = grants.list().into_iter().map(|it| it.id).collect();
    assert_eq!(left, ["h"]);
    let events = shelf.events().await;
    assert_eq!(events.matches("GRANT_ENDED").count(), 1, "{events}");
    assert!(events.contains("rule_changed"), "{events}");
}

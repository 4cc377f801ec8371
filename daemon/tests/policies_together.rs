//! Policies that extend others and layers, in the store: each by its own trust, all in one verdict.
#![expect(clippy::unwrap_used, reason = "what fails ends the test")]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aipd::audit::{Audit, store};
use aipd::config::PolicyTrust;
use aipd::grants::{Bound, Grant, Scope};
use aipd::policies::{Policies, PolicyError, Stack};
use engine::decide::{Call, Decision, Facts, Listing, Override, decide};
use engine::node::Node;
use engine::paths::Found;
use engine::rate::Buckets;
use wire::folders::Folders;
use wire::link::PolicyFile;

struct Shelf {
    _folder: tempfile::TempDir,
    folders: Folders,
    home: PathBuf,
    audit: Audit,
    policies: Policies,
}

impl Shelf {
    fn new(trust: PolicyTrust) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        let aip = home.join("aip");
        std::fs::create_dir_all(&aip).unwrap();
        let folders =
            Folders::find(|name| (name == "AIP_HOME").then(|| aip.clone().into())).unwrap();
        let connection = store::open(&folders.store()).unwrap();
        let (audit, _writer) =
            Audit::start(connection, &folders.store(), folders.live_audit()).unwrap();
        let policies = Policies::new(audit.clone(), trust, &folders, Some(home.clone()));
        Self {
            _folder: folder,
            folders,
            home,
            audit,
            policies,
        }
    }

    /// The same after a restart.
    async fn again(self, trust: PolicyTrust) -> Self {
        let home = Some(self.home.clone());
        let policies = Policies::new(self.audit.clone(), trust, &self.folders, home);
        policies.restore().await.unwrap();
        Self { policies, ..self }
    }

    fn write(&self, name: &str, spec: &str) -> String {
        let path = self.home.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let head = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: p}\n";
        std::fs::write(&path, format!("{head}spec:\n  {spec}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    }

    async fn open(&self, path: &str) -> Result<Arc<Stack>, PolicyError> {
        let meta = Path::new(path).metadata().unwrap();
        let named = PolicyFile {
            path: path.to_owned(),
            device: meta.dev(),
            inode: meta.ino(),
            text: std::fs::read_to_string(path).unwrap(),
        };
        let opened = self.policies.open_stack(Some(&named), &self.home).await?;
        Ok(opened.stack)
    }
}

fn passes(stack: &Stack, tool: &str) -> bool {
    let call = Call {
        method: "tools/call",
        tool: Some(tool),
        args: &Node::Null,
        named: &[],
    };
    let facts = Facts {
        now_ms: 0,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &[],
            resolved: &[],
        },
        task_known: false,
    };
    let in_force = stack.in_force();
    let decision = decide(&in_force.policy, &call, &facts, &mut Buckets::default());
    !matches!(decision, Decision::Refuse(_))
}

#[tokio::test]
async fn what_nobody_has_trusted_yet_lets_nothing_pass_beside_what_somebody_has() {
    let shelf = Shelf::new(PolicyTrust::Ask);
    let base = shelf.write("base.yaml", "allowed_tools: [read]");
    let child = shelf.write("child.yaml", "extends: base.yaml");
    let layer = shelf.write(".aip/policy.yaml", "denied_tools: [write]");
    let stack = shelf.open(&child).await.unwrap();
    for path in [&child, &base, &layer] {
        assert!(!passes(&stack, "read"), "before {path} is trusted");
        shelf.policies.trust(path, None).await.unwrap();
    }
    assert!(passes(&stack, "read"));
}

#[tokio::test]
async fn sessions_with_the_same_policies_share_what_is_composed() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    let own = shelf.write("own.yaml", "allowed_tools: [read, write]");
    shelf.write(".aip/policy.yaml", "denied_tools: [write]");
    let (first, second) = (shelf.open(&own).await.unwrap(), shelf.open(&own).await);
    assert!(Arc::ptr_eq(&first, &second.unwrap()));
    let before = first.in_force();
    shelf.write("other.yaml", "allowed_tools: [x]");
    let other = shelf.home.join("other.yaml");
    shelf.open(other.to_str().unwrap()).await.unwrap();
    let after = first.in_force();
    assert!(
        Arc::ptr_eq(&before, &after),
        "another policy changes nothing"
    );
}

#[tokio::test]
async fn a_restart_links_children_to_their_bases_and_closes_who_has_none() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    let base = shelf.write("z/base.yaml", "allowed_tools: [read]");
    let child = shelf.write("child.yaml", "extends: z/base.yaml");
    shelf.open(&child).await.unwrap();
    std::fs::remove_file(&base).unwrap();
    let again = |folders: &Folders| {
        Policies::new(shelf.audit.clone(), PolicyTrust::FirstUse, folders, None)
    };
    let restored = again(&shelf.folders);
    restored.restore().await.unwrap();
    let stack = restored.open_stack_again(Some(&child), &[]).await.unwrap();
    assert!(passes(&stack, "read") && !passes(&stack, "write"));

    let forgotten = aipd::audit::StateOp::PolicyForgotten(base);
    let batch = aipd::audit::Batch {
        ops: vec![forgotten],
        ..aipd::audit::Batch::default()
    };
    shelf.audit.commit(batch).await.unwrap();
    let restored = again(&shelf.folders);
    restored.restore().await.unwrap();
    let stack = restored.open_stack_again(Some(&child), &[]).await.unwrap();
    assert!(!passes(&stack, "read"), "its base is not there");
    shelf.write("child.yaml", "allowed_tools: [read, write]");
    restored.look_at(&[child.clone().into()]).await;
    assert!(!passes(&stack, "write"), "another version is a change");
    shelf.write("child.yaml", "extends: z/base.yaml");
    shelf.write("z/base.yaml", "allowed_tools: [read]");
    restored.look_at(&[child.into()]).await;
    assert!(passes(&stack, "read") && !passes(&stack, "write"));
}

#[tokio::test]
async fn a_layer_that_this_version_cannot_read_is_not_one_less() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    let own = shelf.write("own.yaml", "allowed_tools: [read]");
    let layer = shelf.home.join(".aip/policy.yaml");
    let layer = layer.to_str().unwrap().to_owned();
    let row = aipd::audit::batch::PolicyRow {
        path: layer.clone(),
        text: "of: tomorrow".to_owned(),
        since: String::new(),
        pending: None,
        why: None,
    };
    let batch = aipd::audit::Batch {
        ops: vec![aipd::audit::StateOp::Policy(row)],
        ..aipd::audit::Batch::default()
    };
    shelf.audit.commit(batch).await.unwrap();
    let shelf = shelf.again(PolicyTrust::FirstUse).await;
    let found = shelf.policies.open_stack_again(None, &[layer]).await;
    assert!(found.is_err(), "a session that goes on");
    let found = shelf.open(&own).await;
    assert!(
        matches!(found, Err(PolicyError::Layer(..))),
        "a session that begins where the file is gone"
    );
}

#[tokio::test]
async fn policies_that_extend_each_other_wait_for_a_person_after_a_restart_too() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    let b = shelf.write("b.yaml", "allowed_tools: [read]");
    let a = shelf.write("a.yaml", "extends: b.yaml");
    shelf.open(&a).await.unwrap();
    shelf.write("a.yaml", "allowed_tools: [read, write]");
    shelf.write("b.yaml", "extends: a.yaml");
    shelf.policies.trust(&b, None).await.unwrap();
    let shelf = shelf.again(PolicyTrust::FirstUse).await;
    let stack = shelf.open(&a).await.unwrap();
    assert!(!passes(&stack, "write"), "no person has seen this version");
    shelf.policies.trust(&a, None).await.unwrap();
    assert!(passes(&stack, "write"));
}

#[tokio::test]
async fn what_nobody_has_trusted_yet_is_known_after_a_restart() {
    let shelf = Shelf::new(PolicyTrust::Ask);
    let own = shelf.write("own.yaml", "allowed_tools: [read]");
    let layer = shelf.write(".aip/policy.yaml", "denied_tools: [write]");
    shelf.open(&own).await.unwrap();
    std::fs::remove_file(&layer).unwrap();
    let shelf = shelf.again(PolicyTrust::Ask).await;
    let stack = shelf.open(&own).await.unwrap();
    assert_eq!(stack.layers(), [layer], "taking it away takes a person");
    let layers = stack.layers();
    let resumed = shelf.policies.open_stack_again(Some(&own), &layers).await;
    assert!(!passes(&resumed.unwrap(), "read"));
    shelf.policies.trust(&own, None).await.unwrap();
    assert!(!passes(&stack, "read"), "the layer is not trusted");
}

#[tokio::test]
async fn policies_that_have_come_to_extend_each_other_let_nothing_pass() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    let b = shelf.write("b.yaml", "allowed_tools: [read]");
    let a = shelf.write("a.yaml", "extends: b.yaml");
    let stack = shelf.open(&a).await.unwrap();
    assert!(passes(&stack, "read"));
    // The new version of the one waits, so that the other can be made to extend the one in force.
    shelf.write("a.yaml", "allowed_tools: [read, write]");
    shelf.write("b.yaml", "extends: a.yaml");
    shelf.policies.trust(&b, None).await.unwrap();
    assert!(!passes(&stack, "read"));
    shelf.policies.trust(&a, None).await.unwrap();
    assert!(passes(&stack, "read"), "and come apart again");
}

#[tokio::test]
async fn more_than_four_in_a_row_and_ways_through_links_are_refused() {
    let shelf = Shelf::new(PolicyTrust::FirstUse);
    shelf.write("0.yaml", "allowed_tools: [read]");
    for n in 1..=5 {
        shelf.write(&format!("{n}.yaml"), &format!("extends: {}.yaml", n - 1));
    }
    let at = |n: &str| shelf.home.join(n).to_str().unwrap().to_owned();
    assert!(passes(&shelf.open(&at("4.yaml")).await.unwrap(), "read"));
    let error = shelf.open(&at("5.yaml")).await.unwrap_err().to_string();
    assert!(error.contains("no more than 4 can be extended"), "{error}");
    assert!(error.contains("5.yaml:5:12"), "{error}");
    std::os::unix::fs::symlink(at("0.yaml"), at("link.yaml")).unwrap();
    let own = shelf.write("own.yaml", "extends: link.yaml");
    let error = shelf.open(&own).await.unwrap_err().to_string();
    assert!(error.contains("leads through a link"), "{error}");
    let own = shelf.write("own.yaml", "extends: .aip/policy.yaml");
    let error = shelf.open(&own).await.unwrap_err().to_string();
    assert!(error.contains("it is a layer"), "{error}");
}

#[tokio::test]
async fn a_grant_ends_with_the_rule_of_a_layer_too() {
    let shelf = Shelf::new(PolicyTrust::Off);
    let own = shelf.write("own.yaml", "tool_rules: [{tool: pay, action: ask}]");
    let layer = shelf.write(".aip/policy.yaml", "tool_rules: [{tool: pay}]");
    let stack = shelf.open(&own).await.unwrap();
    let rule = stack.in_force().policy.rule_hash("pay").unwrap();
    assert!(engine::policy::is_of_layers(&rule));
    let grants = shelf.policies.grants();
    grants.add(Grant {
        id: "g".to_owned(),
        bound: Bound {
            client: "c".to_owned(),
            server: "s".to_owned(),
            tool: "pay".to_owned(),
            definition: "d".to_owned(),
            policy: own,
            rule,
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
    });
    shelf.write(".aip/policy.yaml", "tool_rules: [{tool: pay}, {tool: x}]");
    shelf.policies.look_at(&[layer.clone().into()]).await;
    assert_eq!(grants.list().len(), 1, "its rule is the same");
    shelf.write(
        ".aip/policy.yaml",
        "tool_rules: [{tool: pay, strict_args: true}]",
    );
    shelf.policies.look_at(&[layer.into()]).await;
    assert!(grants.list().is_empty());
}

//! The paths a message names, and those protected in this session.

use std::path::PathBuf;

use engine::decide::{Code, Refusal, Verdict};
use engine::node::Node;
use engine::paths::{Candidate, Found, Reading, hit};
use wire::json::Value;

use super::{Context, State};
use crate::session::node::node;

impl State {
    /// What other methods name (a resource's URI, a prompt's arguments) obeys protected paths as a
    /// call's arguments do.
    pub(super) fn protected_params(
        &self,
        ctx: &Context<'_>,
        params: Option<&Value<'_>>,
    ) -> Option<Refusal> {
        // `notifications`: the resources a subscription wants to hear of.
        let named = ["uri", "ref", "arguments", "argument", "notifications"];
        let members = named
            .iter()
            .filter_map(|name| Some(((*name).into(), node(params?.get(name)?))));
        let named = Node::Object(members.collect());
        let found = self.paths_in(ctx, &named);
        let resolved: Vec<PathBuf> = found.iter().map(|it| (ctx.resolve)(&it.path)).collect();
        let paths = Found {
            candidates: &found,
            resolved: &resolved,
        };
        let mut all = ctx.policy().protected().to_vec();
        all.extend(self.own_protected(ctx));
        let insensitive = cfg!(any(target_os = "macos", windows));
        hit(&all, &paths, insensitive).map(|_| protected("a path named by the request"))
    }

    /// What is protected in this session alone: its `--audit` file, and the policy's relative
    /// entries below the client's folders.
    pub(super) fn own_protected(&self, ctx: &Context<'_>) -> Vec<PathBuf> {
        let bases = self.bases();
        let relative = ctx.policy().relative_protected();
        let joined = relative
            .iter()
            .flat_map(|it| bases.iter().map(move |base| base.join(it)));
        let mut own: Vec<PathBuf> = joined.chain(self.facts.mirror.clone()).collect();
        let real: Vec<PathBuf> = own.iter().map(|path| (ctx.resolve)(path)).collect();
        own.extend(real);
        own
    }

    fn bases(&self) -> Vec<PathBuf> {
        let roots = self.learnt.roots.iter().cloned();
        std::iter::once(self.facts.cwd.clone())
            .chain(roots)
            .collect()
    }

    pub(super) fn paths_in(&self, ctx: &Context<'_>, arguments: &Node<'_>) -> Vec<Candidate> {
        let bases = self.bases();
        let reading = Reading {
            bases: &bases,
            homes: [self.facts.home.as_deref(), ctx.home],
            user_homes: ctx.user_homes,
            through_links: ctx.through_links,
        };
        reading.of(arguments)
    }
}

pub(crate) fn protected(what: &str) -> Refusal {
    Refusal {
        code: Code::ProtectedPath,
        verdict: Verdict::Block,
        reason: "an argument names a protected path".to_owned(),
        detail: what.to_owned(),
        failed_arg: None,
        failed_rule: Some("protected_paths".to_owned()),
        line: None,
        layer: None,
        retry_after_ms: None,
    }
}

//! What the person is told they give their password for: one line, bounded, without anything a
//! terminal or a window could take for more than text.

use wire::control::{
    Approval, EditedFile, Failure, GrantWish, Lasts, OverrideMode, Request, ShownTool, What,
};

use crate::approval::shown::name;
use crate::approval::{Approvals, failure};
use crate::audit::escape::escaped;

/// Arguments longer than this are not shown whole, in characters.
const ARGUMENTS: usize = 240;
/// Tools named at most.
const TOOLS: usize = 8;

/// What a person-only request asks for, and the call it is about, by its whole id from now on: a
/// shortened one could come to mean another while the person types.
///
/// # Errors
/// Where it is about a call that does not wait, or about a policy whatever it says by then.
pub fn asked(
    request: &mut Request,
    approvals: &Approvals,
) -> Result<(String, Option<String>), Failure> {
    if let Request::Answer {
        id, allow, grant, ..
    } = request
    {
        let approval = approvals.look(id)?;
        approval.id.clone_into(id);
        let word = if *allow { "Allow" } else { "Deny" };
        let text = about(word, &approval, grant.as_ref());
        return Ok((text, Some(id.clone())));
    }
    if let Request::Extend { id, .. } = request {
        let approval = approvals.look(id)?;
        approval.id.clone_into(id);
        let text = about("Give more time for", &approval, None);
        return Ok((text, Some(id.clone())));
    }
    if let Request::PolicyTrust { hash: None, .. } = request {
        let message = "say which version of the policy is meant, by its hash".to_owned();
        return Err(failure("invalid", message));
    }
    Ok((line(&other(request)), None))
}

/// That a call is allowed.
#[must_use]
pub fn allowed(approval: &Approval) -> String {
    about("Allow", approval, None)
}

fn about(word: &str, approval: &Approval, grant: Option<&GrantWish>) -> String {
    let more = grant.map(beyond).unwrap_or_default();
    line(&format!(
        "{word} the call {}, {}: {} {}{more}",
        name(&approval.id),
        name(&approval.server),
        name(&approval.tool),
        arguments(&approval.args),
    ))
}

fn arguments(args: &str) -> String {
    match args.char_indices().nth(ARGUMENTS) {
        None => escaped(args).into_owned(),
        Some((end, _)) => {
            let head = args.get(..end).unwrap_or_default();
            format!("{}... ({} bytes in all)", escaped(head), args.len())
        }
    }
}

/// What a grant allows beyond the call.
fn beyond(wish: &GrantWish) -> String {
    let which = match &wish.what {
        What::Call => "the very same call".to_owned(),
        What::Tool => "EVERY call of this tool".to_owned(),
        What::Value { argument } => format!("calls with the same `{}`", name(argument)),
        What::Folder { argument, folder } => {
            format!("calls with `{}` below {}", name(argument), name(folder))
        }
        What::Host { argument } => format!("calls with the host of `{}`", name(argument)),
        What::Prefix { argument, prefix } => {
            let (argument, prefix) = (name(argument), name(prefix));
            format!("calls whose `{argument}` begins with {prefix}")
        }
    };
    let lasts = match &wish.lasts {
        Lasts::Session => "in this session".to_owned(),
        Lasts::Hour => "for an hour".to_owned(),
        Lasts::Until { until } => format!("until {}", name(until)),
        Lasts::Always => "until it is revoked".to_owned(),
    };
    format!(", and {which} {lasts}")
}

/// The other person-only requests.
fn other(request: &Request) -> String {
    match request {
        Request::PolicyTrust { path, hash } => {
            let hash = hash.as_deref().unwrap_or_default();
            format!("Trust the policy {}, version {}", name(path), name(hash))
        }
        Request::ToolsApprove {
            client,
            identity,
            tools,
            ..
        } => format!(
            "Approve {} of the server {} for {}",
            named(tools),
            name(identity),
            name(client)
        ),
        Request::GrantRevoke { id } => {
            let which = id.as_deref().map_or_else(
                || "every grant".to_owned(),
                |id| format!("the grant {}", name(id)),
            );
            format!("Revoke {which}")
        }
        Request::ClientsUnwrap { files } => unwrapped(files),
        Request::AuditErase(query) => {
            let of = |what: &str, it: Option<String>| it.map(|it| format!(" {what} {}", name(&it)));
            let parts = [
                of("before", query.before.clone()),
                of("of the session", query.session.clone()),
                of("of the record", query.seq.map(|it| it.to_string())),
            ];
            let parts: String = parts.into_iter().flatten().collect();
            format!("Erase recorded arguments{parts}")
        }
        Request::DashboardCode => "Open the dashboard in a browser".to_owned(),
        Request::DashboardToken => "Give a program a token that can look".to_owned(),
        Request::Override { mode, until } => {
            let until = until
                .as_deref()
                .map_or_else(|| "that is changed".to_owned(), name);
            match mode {
                OverrideMode::Monitor => format!("Let every call pass until {until}"),
                OverrideMode::DenyAll => format!("Refuse every call until {until}"),
                OverrideMode::None => "Let the policies decide again".to_owned(),
            }
        }
        Request::Answer { .. }
        | Request::Extend { .. }
        | Request::GrantPlan { .. }
        | Request::Status
        | Request::Sessions
        | Request::Logs(_)
        | Request::Records(_)
        | Request::Record { .. }
        | Request::Stats { .. }
        | Request::AuditState
        | Request::AuditVerify { .. }
        | Request::Policies { .. }
        | Request::PolicyReload
        | Request::PolicyValidate { .. }
        | Request::PolicyExplain(_)
        | Request::PolicyEffective(_)
        | Request::PolicyRules { .. }
        | Request::PolicySuggest(_)
        | Request::PolicyReplay(_)
        | Request::Approvals
        | Request::ApprovalsWatch
        | Request::Grants
        | Request::Tools
        | Request::ToolDefinitions { .. }
        | Request::DashboardRevoke
        | Request::Clients
        | Request::ClientsWrap { .. }
        | Request::Stop => "Do what only a person may do".to_owned(),
    }
}

fn unwrapped(files: &[EditedFile]) -> String {
    let servers = files.iter().flat_map(|it| &it.servers);
    let names: Vec<&str> = servers.filter_map(|it| Some(it.last()?.as_str())).collect();
    let shown: Vec<String> = names.iter().take(TOOLS).map(|it| name(it)).collect();
    let more = more(names.len());
    format!("Let clients start without aip: {}{more}", shown.join(", "))
}

fn named(tools: &[ShownTool]) -> String {
    let shown: Vec<String> = tools.iter().take(TOOLS).map(|it| name(&it.tool)).collect();
    let more = more(tools.len());
    format!("{}{more}", shown.join(", "))
}

fn more(count: usize) -> String {
    match count.saturating_sub(TOOLS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

/// Some agents read markup.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_is_more_than_text_and_it_is_short() {
        let hostile = "<b>x</b>\n\u{1b}[2J\u{202e}&amp;".repeat(1000);
        let approval = Approval {
            id: "7f3a".to_owned(),
            server: hostile.clone(),
            tool: hostile.clone(),
            args: hostile,
            ..Approval::default()
        };
        let text = allowed(&approval);
        assert!(text.len() < 10_000, "{}", text.len());
        for bad in ['<', '>', '&', '\n', '\u{1b}', '\u{202e}'] {
            assert!(!text.contains(bad), "{bad:?}");
        }
        assert!(text.starts_with("Allow the call 7f3a, \\u003cb"), "{text}");
        assert!(text.contains("bytes in all"), "{text}");
    }

    #[test]
    fn servers_that_are_to_start_without_aip_are_named_and_the_rest_counted() {
        let servers = (0..10).map(|it| vec!["mcpServers".to_owned(), format!("s{it}<b>")]);
        let file = EditedFile {
            client: "cursor".to_owned(),
            file: "/home/u/.cursor/mcp.json".to_owned(),
            servers: servers.collect(),
        };
        let text = line(&other(&Request::ClientsUnwrap { files: vec![file] }));
        assert!(
            text.starts_with("Let clients start without aip: s0\\u003cb"),
            "{text}"
        );
        assert!(text.ends_with(" and 2 more"), "{text}");
    }

    #[test]
    fn a_grant_is_named_with_how_far_it_goes() {
        let wish = GrantWish {
            what: What::Tool,
            lasts: Lasts::Always,
            shown: None,
        };
        let text = about("Allow", &Approval::default(), Some(&wish));
        assert!(
            text.ends_with("and EVERY call of this tool until it is revoked"),
            "{text}"
        );
    }
}

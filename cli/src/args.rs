//! The command line as it is typed.

use clap::Parser;

use crate::command::Command;
use crate::exit::Exit;

/// Looks at what aip does, answers it, and checks policies.
///
/// Commands that need the daemon start it where none runs; `status`, `sessions`, `service` and
/// those that only read files do not.
#[derive(Debug, Parser)]
#[command(name = "aipctl", version, after_help = Exit::HELP, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_is_typed_is_understood_or_refused() {
        check("status --json", true);
        check(
            "logs --follow --since 15m --tool read_file --decision BLOCK --limit 5",
            true,
        );
        check(
            "logs --decision block --server files --session 0199 --events --outcomes",
            true,
        );
        check("logs --since someday", false);
        check("logs --decision MAYBE", false);
        check("export --format csv --outcomes --since 2026-11-01", true);
        check("export --format xml", false);
        check("audit verify --checkpoint 12:abcdef", true);
        check("audit erase --seq 4 --yes", true);
        check("audit erase --yes", false);
        check("policy validate a.yaml b.yaml", true);
        check("policy validate", false);
        check("policy suggest", true);
        check(
            "policy suggest --server files --since 7d --until 1d --policy a.yaml --from monitor --diff",
            true,
        );
        check("policy suggest --from enforce", false);
        check(
            "policy replay a.yaml --since 7d --server files --json",
            true,
        );
        check("policy replay a.yaml --limit-examples 100", true);
        check("policy replay a.yaml --limit-examples 101", false);
        check("policy replay", false);
        check("policy show", true);
        check("policy trust a.yaml --yes", true);
        check("policy reload", true);
        check("approvals --json", true);
        check("dashboard", true);
        check("dashboard --print", true);
        check("dashboard --token", true);
        check("dashboard --revoke", true);
        check("dashboard --token --revoke", false);
        check("approve k3", true);
        check("deny", false);
        check("tools", true);
        check("tools files --json", true);
        check("tools list files", true);
        check("tools diff", true);
        check("tools diff files read_file", true);
        check("tools approve files", false);
        check("tools approve files read_file", true);
        check("tools approve files read_file --hash ab12", true);
        check("tools approve files --all", true);
        check("tools approve files read_file --all", false);
        check("tools hash files", false);
        check("tools hash files read_file --algorithm sha512", true);
        check("tools hash files read_file --algorithm md5", false);
        check("tools hash --file tools.json", true);
        check("tools hash files read_file --file tools.json", false);
        check("pause 15m", true);
        check("pause 0m", false);
        check("stop-all", true);
        check("resume", true);
        check("uninstall --check", true);
        check("uninstall --check --yes", false);
        check("uninstall --check --client cursor", false);
        check("path", true);
        check("path audit", true);
        check("path elsewhere", false);
        check("service start", true);
        check("service status --json", true);
        check("service install", true);
        check("service uninstall", true);
        check("service restart", false);
        check("conformance dir --level full --wire --json", true);
        check("conformance dir --level expert", false);
        check("generate-cursor-config -- npx server", true);
        check(
            "generate-cursor-config --policy p --audit a --name n --verbose -- srv --policy x",
            true,
        );
        check("generate-cursor-config --policy p", false);
        check("generate-cursor-config npx server", false);
        check("completions bash", true);
        check("completions zsh aip", true);
        check("completions tcsh", false);
        check("man pages", true);
        check("man", false);
        check("wrap docker --policy p", true);
        check("wrap --list", true);
        check("wrap --list --json", true);
        check("wrap --json", false);
        check("wrap docker --list", false);
        check("wrap git --fit -- /a", true);
        check("wrap git --fit --client cursor", false);
        check("wrap git --client all -- /a --verbose", true);
        check("wrap git /a", false);
        check("generate-config codex --policy p -- npx server", true);
        check("generate-config -- npx server", false);
        check("dance", false);
        check("", false);
        fn check(typed: &str, understood: bool) {
            let words = std::iter::once("aipctl").chain(typed.split_whitespace());
            assert_eq!(Args::try_parse_from(words).is_ok(), understood, "{typed}");
        }
    }

    #[test]
    fn help_lists_commands_and_exit_codes() {
        insta::assert_snapshot!(Args::command().term_width(100).render_help());
    }
}

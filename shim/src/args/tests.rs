//! Command lines and what they mean.

use std::collections::BTreeSet;

use super::*;

#[test]
fn a_target_is_split_as_a_shell_splits_words_and_by_no_shell() {
    let cases: &[(&str, &[&str])] = &[
        ("python server.py", &["python", "server.py"]),
        ("  npx   @mcp/server ", &["npx", "@mcp/server"]),
        (r#"srv "a b" 'c d' e\ f"#, &["srv", "a b", "c d", "e f"]),
        ("srv ''", &["srv", ""]),
        (
            "srv | tee x; rm -rf ~ && $(y) > z",
            &[
                "srv", "|", "tee", "x;", "rm", "-rf", "~", "&&", "$(y)", ">", "z",
            ],
        ),
        ("srv \"$HOME\" *", &["srv", "$HOME", "*"]),
    ];
    for (target, argv) in cases {
        check(&["--target", target], Ok(serves(argv, Options::default())));
    }
}

#[test]
fn what_follows_the_dashes_is_the_server_as_it_is() {
    check(
        &["--verbose", "--", "srv", "--policy", "x", "--"],
        Ok(serves(
            &["srv", "--policy", "x", "--"],
            Options {
                verbose: true,
                ..Options::default()
            },
        )),
    );
    check(&["--", "a b"], Ok(serves(&["a b"], Options::default())));
}

#[test]
fn options_are_taken_in_any_order_and_with_an_equals_sign() {
    let options = || Options {
        policy: Some("p.yaml".into()),
        audit: Some("a.jsonl".into()),
        name: Some("n".into()),
        verbose: true,
        ..Options::default()
    };
    check(
        &[
            "--name",
            "n",
            "--policy=p.yaml",
            "--target",
            "srv",
            "--audit",
            "a.jsonl",
            "--verbose",
        ],
        Ok(serves(&["srv"], options())),
    );
    check(
        &[
            "--target=srv",
            "--verbose",
            "--audit=a.jsonl",
            "--policy",
            "p.yaml",
            "--name=n",
        ],
        Ok(serves(&["srv"], options())),
    );
}

#[test]
fn help_and_version_win_over_what_is_missing() {
    check(&["--help"], Ok(Wanted::Help));
    check(&["-h"], Ok(Wanted::Help));
    check(&["--policy", "x", "--version"], Ok(Wanted::Version));
}

#[test]
fn help_names_every_option_that_is_read_and_no_other() {
    let source = include_str!("../args.rs");
    let read = source.split("Arg::Long(\"").skip(1);
    let read: BTreeSet<_> = read.filter_map(|rest| rest.split('"').next()).collect();
    let told = HELP.lines().filter_map(|line| line.strip_prefix("  --"));
    let told: BTreeSet<_> = told.filter_map(|rest| rest.split(' ').next()).collect();
    assert_eq!(told, read);
    assert!(told.len() > 5, "{told:?}");
}

#[test]
fn what_aipctl_does_is_handed_over() {
    hands_over(
        &["--policy", "p", "--validate"],
        &["policy", "validate", "p"],
    );
    hands_over(
        &["wrap", "docker", "--policy", "p"],
        &["wrap", "docker", "--policy", "p"],
    );
    hands_over(
        &[
            "--generate-cursor-config",
            "--policy",
            "p",
            "--target",
            "npx 'a b'",
        ],
        &[
            "generate-config",
            "cursor",
            "--policy",
            "p",
            "--",
            "npx",
            "a b",
        ],
    );
}

#[test]
fn any_clients_configuration_is_handed_over_with_its_name() {
    hands_over(
        &["--generate-config", "codex", "--verbose", "--", "srv"],
        &["generate-config", "codex", "--verbose", "--", "srv"],
    );
    check(&["--generate-config", "codex"], Err(UsageError::NoTarget));
    check(
        &["--generate-config", "a", "--generate-config", "b"],
        Err(UsageError::Twice("--generate-config")),
    );
    check(
        &["--generate-config", ""],
        Err(UsageError::Empty("--generate-config")),
    );
}

#[test]
fn what_cannot_be_meant_is_an_error() {
    check(&[], Err(UsageError::NoTarget));
    check(&["--policy", "x"], Err(UsageError::NoTarget));
    check(&["--target", "a", "--", "b"], Err(UsageError::TwoTargets));
    check(&["--target", "a 'b"], Err(UsageError::BadQuoting));
    check(&["--target", "  "], Err(UsageError::EmptyTarget));
    check(&["--target", ""], Err(UsageError::Empty("--target")));
    check(&["--"], Err(UsageError::EmptyTarget));
    check(&["--", ""], Err(UsageError::EmptyTarget));
    check(
        &["--policy", "a", "--policy", "b", "--", "c"],
        Err(UsageError::Twice("--policy")),
    );
    check(&["npx", "server"], Err(UsageError::Stray("npx".to_owned())));
    check(&["--validate"], Err(UsageError::NeedsPolicy));
    check(&["--generate-cursor-config"], Err(UsageError::NoTarget));
}

#[test]
fn every_usage_error_is_one_line_that_says_what_to_do() {
    for arguments in [
        &["--nonsense", "--", "a"][..],
        &["--verbose=yes", "--", "a"],
        &["--policy"],
        &["-x"],
        &["npx"],
        &[],
    ] {
        let error = read_all(arguments).unwrap_err().to_string();
        assert!(!error.contains('\n') && error.contains(';'), "{error}");
    }
}

fn serves(argv: &[&str], options: Options) -> Wanted {
    Wanted::Serve(Options {
        argv: argv.iter().map(OsString::from).collect(),
        ..options
    })
}

fn hands_over(arguments: &[&str], to: &[&str]) {
    check(
        arguments,
        Ok(Wanted::HandOver(to.iter().map(OsString::from).collect())),
    );
}

fn check(arguments: &[&str], want: Result<Wanted, UsageError>) {
    assert_eq!(read_all(arguments), want, "{arguments:?}");
}

fn read_all(arguments: &[&str]) -> Result<Wanted, UsageError> {
    read(
        std::iter::once("aip")
            .chain(arguments.iter().copied())
            .map(OsString::from),
    )
}

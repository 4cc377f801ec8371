//! What is started, and what is said to be missing.

use super::*;
use crate::catalog::server;

#[test]
fn the_first_command_that_is_there_is_taken_and_places_are_filled() {
    check("docker", &["docker"], &[], Ok("docker mcp gateway run"));
    check(
        "github",
        &["github-mcp-server", "docker"],
        &[],
        Ok("github-mcp-server stdio"),
    );
    check(
        "github",
        &["docker"],
        &["--read-only"],
        Ok(
            "docker run -i --rm -e GITHUB_PERSONAL_ACCESS_TOKEN -e GITHUB_HOST -e GITHUB_TOOLSETS ghcr.io/github/github-mcp-server --read-only",
        ),
    );
    check(
        "git",
        &["uvx"],
        &["/r"],
        Ok("uvx mcp-server-git --repository /r"),
    );
    check(
        "git",
        &[],
        &["/r", "-v"],
        Ok("uvx mcp-server-git --repository /r -v"),
    );
    check(
        "filesystem",
        &["npx"],
        &["/a", "b"],
        Ok("npx -y @modelcontextprotocol/server-filesystem /a b"),
    );
    check(
        "git",
        &["uvx"],
        &[],
        Err(
            "`git` needs REPOSITORY (the folder of a Git repository); give it after `--`: `aip wrap git -- REPOSITORY`",
        ),
    );
    check(
        "git",
        &["uvx"],
        &["-v"],
        Err(
            "`git` needs REPOSITORY (the folder of a Git repository) before `-v`; give it after `--`: `aip wrap git -- REPOSITORY`",
        ),
    );
    fn check(name: &str, there: &[&str], words: &[&str], wanted: Result<&str, &str>) {
        let words: Vec<_> = words.iter().map(|it| (*it).to_owned()).collect();
        let around = Surroundings {
            program: &|it| there.contains(&it).then(|| format!("/bin/{it}").into()),
            is_set: &|_| false,
        };
        let launch = server(name).unwrap().launch(&words, &around);
        let line = launch
            .map(|it| it.command.join(" "))
            .map_err(|it| it.to_string());
        assert_eq!(line.as_deref().map_err(String::as_str), wanted);
    }
}

#[test]
fn paths_of_the_users_are_known() {
    let words = ["a".to_owned(), "b".to_owned(), "--x".to_owned()];
    let around = Surroundings {
        program: &|it| (it == "npx").then(|| "/bin/npx".into()),
        is_set: &|_| false,
    };
    let launch = server("filesystem")
        .unwrap()
        .launch(&words, &around)
        .unwrap();
    assert_eq!(launch.paths, [3, 4]);
    assert_eq!(launch.found, Some("/bin/npx".into()));
}

#[test]
fn a_variable_that_is_missing_is_named_with_what_it_holds() {
    check(
        "github",
        &[],
        Some(
            "`github` needs `GITHUB_PERSONAL_ACCESS_TOKEN` (a personal access token of GitHub) in its environment; set it in the client's `env` of this server, or export it",
        ),
    );
    check("github", &["GITHUB_PERSONAL_ACCESS_TOKEN"], None);
    check("slack", &["SLACK_MCP_XOXB_TOKEN"], None);
    check(
        "brave-search",
        &[],
        Some(
            "`brave-search` needs `BRAVE_API_KEY` or `BRAVE_API_KEY_FILE` (a key of Brave's search API) in its environment; set it in the client's `env` of this server, or export it",
        ),
    );
    check("memory", &[], None);
    fn check(name: &str, set: &[&str], wanted: Option<&str>) {
        let around = Surroundings {
            program: &|_| None,
            is_set: &|it| set.contains(&it),
        };
        let error = server(name).unwrap().has_environment(&around).err();
        assert_eq!(error.map(|it| it.to_string()).as_deref(), wanted);
    }
}

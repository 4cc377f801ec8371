//! Servers that `aip wrap` knows, as data: `catalog.json`, and a starter policy for each.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

mod launch;

pub use launch::{Launch, LaunchError, Surroundings};

/// A well-known server.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// What it is called here.
    pub name: String,
    /// What it gives a model.
    pub what: String,
    /// Its command lines; the first whose program is there is taken. `{NAME}` is an argument's place.
    pub launch: Vec<Vec<String>>,
    /// What has to be given after `--`, in this order.
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// What it reads of the environment.
    #[serde(default)]
    pub environment: Vec<Variable>,
    /// Why it should not be used much longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<String>,
}

/// Something a server can't be started without.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// As its place in the command line is called.
    pub name: String,
    /// What it is.
    pub what: String,
    /// It is the path of a file or folder.
    #[serde(default)]
    pub path: bool,
    /// There may be several.
    #[serde(default)]
    pub several: bool,
}

/// A variable of the environment.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub what: String,
    /// Nobody should see it.
    pub secret: bool,
    /// The server runs without it.
    #[serde(default)]
    pub optional: bool,
    /// Others that do as well.
    #[serde(default, rename = "or", skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl Variable {
    /// Its own name and those that do as well.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name)
            .chain(&self.others)
            .map(String::as_str)
    }
}

static SERVERS: LazyLock<Vec<Server>> = LazyLock::new(|| {
    // A test holds that it is read whole.
    serde_json::from_str(include_str!("catalog.json")).unwrap_or_default()
});

/// The starter policies, as `policies/` has them.
macro_rules! policies {
    ($($name:literal: $file:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../policies/", $file)))),*]
    };
}

const POLICIES: [(&str, &str); 22] = policies! {
    "docker": "catalog/docker.yaml",
    "github": "github.yaml",
    "postgres": "database.yaml",
    "filesystem": "catalog/filesystem.yaml",
    "git": "catalog/git.yaml",
    "memory": "catalog/memory.yaml",
    "fetch": "catalog/fetch.yaml",
    "time": "catalog/time.yaml",
    "sqlite": "catalog/sqlite.yaml",
    "sequential-thinking": "catalog/sequential-thinking.yaml",
    "everything": "catalog/everything.yaml",
    "playwright": "catalog/playwright.yaml",
    "chrome-devtools": "catalog/chrome-devtools.yaml",
    "puppeteer": "catalog/puppeteer.yaml",
    "slack": "catalog/slack.yaml",
    "brave-search": "catalog/brave-search.yaml",
    "context7": "catalog/context7.yaml",
    "mongodb": "catalog/mongodb.yaml",
    "notion": "catalog/notion.yaml",
    "atlassian": "catalog/atlassian.yaml",
    "sentry": "catalog/sentry.yaml",
    "kubernetes": "catalog/kubernetes.yaml",
};

/// Names less alike than this are not offered for one another.
const CLOSE: f64 = 0.6;

/// Every server that is known.
#[must_use]
pub fn servers() -> &'static [Server] {
    &SERVERS
}

/// The server of this name.
#[must_use]
pub fn server(name: &str) -> Option<&'static Server> {
    servers().iter().find(|it| it.name == name)
}

/// The name most like this one, if any is.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    let like = |it: &str| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), it);
    let all = servers()
        .iter()
        .map(|it| (like(&it.name), it.name.as_str()));
    let (likeness, nearest) = all.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= CLOSE).then_some(nearest)
}

/// Every variable that some server reads.
pub fn variables() -> impl Iterator<Item = &'static str> {
    servers()
        .iter()
        .flat_map(|it| &it.environment)
        .flat_map(Variable::names)
}

impl Server {
    /// The policy to begin with.
    #[must_use]
    pub fn policy(&self) -> &'static str {
        let found = POLICIES.iter().find(|(name, _)| *name == self.name);
        found.map_or("", |(_, text)| text)
    }

    /// What it can't be started without, as a person reads it.
    #[must_use]
    pub fn needs(&self) -> Vec<String> {
        let arguments = self.arguments.iter().map(|it| it.name.clone());
        let variables = self.environment.iter().filter(|it| !it.optional);
        let variables = variables.map(|it| it.names().collect::<Vec<_>>().join(" or "));
        arguments.chain(variables).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::policy::{Place, Policy};
    use std::collections::BTreeSet;

    #[test]
    fn the_catalog_is_read_whole_and_each_server_has_a_valid_policy_without_a_warning() {
        let read: Vec<Server> = serde_json::from_str(include_str!("catalog.json")).unwrap();
        assert_eq!(read.len(), servers().len());
        assert_eq!(read.len(), POLICIES.len());
        let place = Place {
            home: Some("/home/you".into()),
            ..Place::default()
        };
        let names: BTreeSet<_> = read.iter().map(|it| &it.name).collect();
        assert_eq!(names.len(), read.len(), "a name stands for one server");
        for server in &read {
            let loaded = Policy::load(server.policy(), &place);
            let loaded = loaded.unwrap_or_else(|it| panic!("{}", it.render(&server.name)));
            assert_eq!(loaded.warnings.render(""), "", "{}", server.name);
            assert!(!server.launch.is_empty(), "{}", server.name);
            for launch in &server.launch {
                let places = launch.iter().filter(|it| it.starts_with('{'));
                let wanted = server.arguments.iter().map(|it| format!("{{{}}}", it.name));
                assert_eq!(
                    places.cloned().collect::<Vec<_>>(),
                    wanted.collect::<Vec<_>>()
                );
                assert!(
                    !launch.iter().any(|it| it.ends_with("@latest")),
                    "{launch:?}"
                );
            }
        }
    }

    #[test]
    fn a_name_that_is_nearly_right_finds_its_server() {
        check("dockr", Some("docker"));
        check("Postgress", Some("postgres"));
        check("file-system", Some("filesystem"));
        check("quantum", None);
        fn check(given: &str, near: Option<&str>) {
            assert_eq!(nearest(given), near, "{given}");
        }
    }
}

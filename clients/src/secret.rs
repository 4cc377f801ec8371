//! Arguments that look like secrets are not shown.

/// What stands in a secret's place.
const MASK: &str = "…";
/// Words in an option's or a variable's name that say its value is none of anybody's business.
const TELLING: [&str; 15] = [
    "token",
    "key",
    "secret",
    "passw",
    "pwd",
    "auth",
    "bearer",
    "credential",
    "cookie",
    "header",
    "session",
    "private",
    "signature",
    "dsn",
    "pat",
];
/// How the secrets of well-known services begin.
const BEGINNINGS: [&str; 16] = [
    "sk-",
    "sk_",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "Bearer ",
];
/// The shortest run of letters and digits that may be a secret by its looks alone.
const LONG: usize = 20;

/// A command line as it may be shown: each word that looks like a secret, or like what is set by an
/// option that says so, is masked as far as it does.
#[must_use]
pub fn masked(words: &[String]) -> Vec<String> {
    let mut told = false;
    let mut shown = Vec::with_capacity(words.len());
    for word in words {
        let option = word.starts_with('-');
        if told && !option {
            shown.push(MASK.to_owned());
            told = false;
            continue;
        }
        let (text, next) = mask(word, option);
        told = next;
        shown.push(text);
    }
    shown
}

/// The word, and whether the next one is its value and a secret.
fn mask(word: &str, option: bool) -> (String, bool) {
    if let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_name(name)) {
        // What is put into a server's environment is hardly ever for showing.
        let secret = !option || is_telling(name);
        let value = if secret {
            MASK.to_owned()
        } else {
            plain(value)
        };
        return (format!("{name}={value}"), false);
    }
    if option {
        // `-H` and `-u`, as curl has them.
        let short = matches!(word, "-H" | "-u" | "-p");
        let secret = plain(word);
        return (secret, short || is_telling(word));
    }
    (plain(word), false)
}

fn is_name(name: &str) -> bool {
    let bare = name.trim_start_matches('-');
    !bare.is_empty()
        && bare
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || "_-.".contains(it))
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // `--path` is no `--pat`.
    let parts: Vec<&str> = name.split(['-', '_', '.']).collect();
    TELLING.iter().any(|it| match *it {
        "pat" | "key" | "dsn" | "pwd" => parts
            .iter()
            .any(|part| part == it || part.ends_with("key") && *it == "key"),
        long => name.contains(long),
    })
}

/// A word by itself.
fn plain(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://") {
        return url(scheme, rest);
    }
    let begins = BEGINNINGS.iter().any(|it| word.starts_with(it));
    let inline = word.trim_start().starts_with(['{', '[']);
    let header = word.split_once(": ").is_some_and(|(name, _)| is_name(name));
    if begins || inline || header || is_random(word) {
        return MASK.to_owned();
    }
    word.to_owned()
}

/// A URL without who one is there, what is asked and what is after a `#`; parts of the path that
/// look random are masked too: some services put the secret there.
fn url(scheme: &str, rest: &str) -> String {
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (address, query) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (host, path) = address
        .split_once('/')
        .map_or((address, None), |(host, path)| (host, Some(path)));
    let host = match host.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => host.to_owned(),
    };
    let path: String = path
        .into_iter()
        .flat_map(|it| it.split('/'))
        .map(|part| {
            if is_random(part) {
                format!("/{MASK}")
            } else {
                format!("/{part}")
            }
        })
        .collect();
    let query = if query.is_empty() { "" } else { "?…" };
    format!("{scheme}://{host}{path}{query}")
}

/// A long run of letters and digits mixed as no word or version is.
fn is_random(word: &str) -> bool {
    word.split(|it: char| !(it.is_ascii_alphanumeric() || "_-+=".contains(it)))
        .any(|run| {
            let digits = run.chars().filter(char::is_ascii_digit).count();
            let letters = run.chars().filter(char::is_ascii_alphabetic).count();
            run.len() >= LONG && digits >= 3 && letters >= 3 || run.len() >= 2 * LONG
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_shown() {
        check(
            "npx -y @scope/server-files@1.2.3 /home/you/project",
            "npx -y @scope/server-files@1.2.3 /home/you/project",
        );
        check(
            "srv --api-key hunter2 --port 80",
            "srv --api-key … --port 80",
        );
        check("srv --token=hunter2 --port=80", "srv --token=… --port=80");
        check(
            "srv --path x --no-auth --verbose",
            "srv --path x --no-auth --verbose",
        );
        check(
            "docker run -e GITHUB_TOKEN -e TOKEN=abc img",
            "docker run -e GITHUB_TOKEN -e TOKEN=… img",
        );
        check("srv ghp_abc sk-abc AKIAABCDEF", "srv … … …");
        check("srv -H Authorization:x --header y", "srv -H … --header …");
        check(
            "srv postgres://u:p@db.local:5432/app?sslmode=x",
            "srv postgres://…@db.local:5432/app?…",
        );
        check(
            "srv https://mcp.example.com/s/3f9a8b7c6d5e4f3a2b1c0d9e/sse",
            "srv https://mcp.example.com/s/…/sse",
        );
        check("srv 9f8e7d6c5b4a39281706f5e4d3c2b1a0", "srv …");
        check("srv {\"Authorization\":1}", "srv …");
        check(
            "srv ${input:key} ${env:TOKEN}",
            "srv ${input:key} ${env:TOKEN}",
        );
        fn check(line: &str, shown: &str) {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(masked(&words).join(" "), shown);
        }
    }
}

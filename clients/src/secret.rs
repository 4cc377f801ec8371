//! Arguments that look like secrets are not shown.

/// What stands in a secret's place.
const MASK: &str = "…";
/// Words in an option's or a variable's name that say its value is none of anybody's business.
const TELLING: [&str; 16] = [
    "token",
    "key",
    "secret",
    "pass",
    "pwd",
    "auth",
    "bearer",
    "cred",
    "cookie",
    "header",
    "session",
    "private",
    "signature",
    "dsn",
    "pat",
    "user",
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
    let mut negated = false;
    let mut shown = Vec::with_capacity(words.len());
    for word in words {
        let option = word.starts_with('-');
        let (text, next) = mask(word, option);
        // A secret may begin with a dash; only `--no-auth` and the like have none for certain.
        if told && !(option && negated) {
            shown.push(MASK.to_owned());
        } else {
            shown.push(text);
        }
        // Where the option before was a flag after all, this one tells of the next.
        told = option && next;
        negated = word.starts_with("--no-");
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
            // `--env=NAME=value`.
            mask(value, false).0
        };
        return (format!("{name}={value}"), false);
    }
    if option {
        // `-H` and `-u`, as curl has them.
        let short = matches!(word, "-H" | "-u" | "-p");
        return (attached(word), short || is_telling(word));
    }
    (plain(word), false)
}

/// An option that may have its value behind its letter, `-psecret` as mysql has it.
fn attached(word: &str) -> String {
    for short in ["-H", "-u", "-p"] {
        if word.strip_prefix(short).is_some_and(|it| !it.is_empty()) {
            return format!("{short}{MASK}");
        }
    }
    plain(word)
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
        // `--proxy-user`, and not `--user-data-dir`.
        "user" => name.ends_with(it),
        long => name.contains(long),
    })
}

/// A word by itself.
fn plain(word: &str) -> String {
    if word.contains(char::is_whitespace) && is_telling_line(word) {
        return MASK.to_owned();
    }
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

/// Whether a word that is a command line itself, as after `sh -c`, has anything to be masked.
fn is_telling_line(line: &str) -> bool {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    line.contains('=') || masked(&words) != words
}

/// A URL without who one is there, what is asked and what is after a `#`; parts of the path that
/// look random are masked too: some services put the secret there. A password may hold `/`, `?` and
/// `#` as it stands, so who one is there ends at the last `@`.
fn url(scheme: &str, rest: &str) -> String {
    let (who, rest) = match rest.rsplit_once('@') {
        // The `@` may be one of what is asked: then what follows is none of anybody's business either.
        Some((who, _)) if who.contains(['?', '#']) => return format!("{scheme}://{MASK}"),
        Some((_, rest)) => ("…@", rest),
        None => ("", rest),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (address, query) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (host, path) = address
        .split_once('/')
        .map_or((address, None), |(host, path)| (host, Some(path)));
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
    format!("{scheme}://{who}{host}{path}{query}")
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
        check(
            "srv postgres://u:p/w@host/db postgres://u:hun#ter@h",
            "srv postgres://…@host/db postgres://…",
        );
        check("srv https://h/x?mail=a@hunter2", "srv https://…");
        check(
            "srv --pass x --user a:x --db-creds x",
            "srv --pass … --user … --db-creds …",
        );
        check(
            "srv --user-data-dir /d -phunter2",
            "srv --user-data-dir /d -p…",
        );
        check("srv --token -hunter2 --port 80", "srv --token … --port 80");
        check("srv --token --key hunter2 x", "srv --token … … x");
        check("srv --env=API_KEY=hunter2", "srv --env=API_KEY=…");
        for script in [
            "API_KEY=hunter2 node s",
            "exec X=hunter2 node s",
            "node --token hunter2",
        ] {
            let words = ["sh", "-c", script].map(str::to_owned);
            assert_eq!(masked(&words).join(" ").replace("API_KEY=", ""), "sh -c …");
        }
        fn check(line: &str, shown: &str) {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(masked(&words).join(" "), shown);
        }
    }
}

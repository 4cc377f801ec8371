//! zenity. Its own OK and Cancel are left out: Cancel can't be told from a closed window. Extra
//! buttons say their words on standard output, and closing says nothing.

use super::{ALLOW, DENY, Invocation, Shown, TITLE};

pub(super) fn invocation(shown: &Shown) -> Invocation {
    let mut args: Vec<_> = ["--question", "--switch", "--no-markup", "--width=560"]
        .map(Into::into)
        .to_vec();
    args.push(format!("--title={TITLE}").into());
    args.push(format!("--text={}", literal(&shown.text())).into());
    args.push(format!("--extra-button={DENY}").into());
    if !shown.cut {
        args.push(format!("--extra-button={ALLOW}").into());
    }
    Invocation { args, input: None }
}

/// zenity reads `\n` and its like in a text, as C does.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_one_argument_and_no_markup() {
        let shown = Shown {
            sentence: "a wants b: c".to_owned(),
            arguments: r#"{"x":"$(id) `id` <b>&amp; \n --help"}"#.to_owned(),
            facts: Vec::new(),
            cut: false,
            id: String::new(),
        };
        let args = invocation(&shown).args;
        assert!(args.contains(&"--no-markup".into()));
        let text = args
            .iter()
            .filter(|it| it.to_string_lossy().contains("$(id)"));
        let text: Vec<_> = text.map(|it| it.to_string_lossy().into_owned()).collect();
        assert_eq!(text.len(), 1);
        assert!(text[0].contains(r"\\n --help"), "{text:?}");
    }

    #[test]
    fn what_is_cut_can_only_be_denied() {
        let shown = Shown {
            sentence: String::new(),
            arguments: String::new(),
            facts: Vec::new(),
            cut: true,
            id: String::new(),
        };
        let args = invocation(&shown).args;
        assert!(!args.iter().any(|it| it.to_string_lossy().contains(ALLOW)));
    }
}

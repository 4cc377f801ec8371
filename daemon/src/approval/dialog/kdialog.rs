//! kdialog. Its exit code of the second button is also that of a lost display, so the choice is
//! made from a list, whose entries it says on standard output. Deny is chosen when it opens, so
//! Enter denies. It takes a text for rich text where it looks like it, so what is shown is made
//! rich text of ours, with everything in it escaped.

use super::{ALLOW, DENY, Invocation, Shown, TITLE};

pub(super) fn invocation(shown: &Shown) -> Invocation {
    let text = format!("<qt>{}</qt>", escaped(&shown.text()));
    let mut args: Vec<_> = ["--title", TITLE, "--menu", &text, DENY, DENY]
        .map(Into::into)
        .to_vec();
    if !shown.cut {
        args.extend([ALLOW, ALLOW].map(Into::into));
    }
    args.extend(["--default", DENY].map(Into::into));
    Invocation { args, input: None }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // kdialog turns `\n` into a new line before it looks at anything else.
            '\\' => out.push_str("&#92;"),
            '\n' => out.push_str("<br/>"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_no_markup() {
        assert_eq!(
            escaped("a <img src=x> & \\n\nb"),
            "a &lt;img src=x&gt; &amp; &#92;n<br/>b"
        );
    }

    #[test]
    fn what_is_cut_can_only_be_denied() {
        let shown = |cut| Shown {
            sentence: "a wants b: c".to_owned(),
            arguments: String::new(),
            facts: Vec::new(),
            cut,
            id: String::new(),
        };
        let offers = |cut| invocation(&shown(cut)).args.contains(&ALLOW.into());
        assert!(offers(false) && !offers(true));
    }
}

//! macOS: a fixed AppleScript that takes what is shown as an argument, never as script.

use super::{ALLOW, DENY, Invocation, Shown, TITLE};

/// Deny has the focus; Escape presses Close, and an error (the window could not be shown) is no
/// answer.
const SCRIPT: &str = r#"on run {shown, heading, denies, allows}
  set choices to {"Close", denies}
  if allows is not "" then set choices to {"Close", allows, denies}
  try
    set answer to display dialog shown with title heading buttons choices default button denies cancel button "Close" with icon caution
    return button returned of answer
  on error number -128
    return ""
  end try
end run"#;

pub(super) fn invocation(shown: &Shown) -> Invocation {
    let allows = if shown.cut { "" } else { ALLOW };
    let text = shown.text();
    Invocation {
        args: ["-e", SCRIPT, "--", &text, TITLE, DENY, allows]
            .map(Into::into)
            .to_vec(),
        input: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_the_same_whatever_is_shown() {
        let shown = Shown {
            sentence: "\" & (do shell script \"id\") & \"".to_owned(),
            arguments: "-e".to_owned(),
            facts: Vec::new(),
            cut: true,
            id: String::new(),
        };
        let args = invocation(&shown).args;
        assert_eq!(args[1], SCRIPT);
        assert_eq!(args[3].to_string_lossy(), shown.text());
        assert_eq!(args[6], "", "what is cut can only be denied");
    }
}

//! Windows: a fixed script that reads what is shown from standard input.

use super::{ALLOW, DENY, Invocation, Shown, TITLE};

/// A small form, since a message box can't name its buttons. Deny has the focus and is Enter's.
const SCRIPT: &str = r"
Add-Type -AssemblyName System.Windows.Forms
$shown = [Console]::In.ReadToEnd() | ConvertFrom-Json
$form = New-Object System.Windows.Forms.Form
$form.Text = $shown.title; $form.Width = 640; $form.Height = 420; $form.TopMost = $true
$text = New-Object System.Windows.Forms.TextBox
$text.Multiline = $true; $text.ReadOnly = $true; $text.ScrollBars = 'Vertical'
$text.Dock = 'Fill'; $text.Text = $shown.text.Replace([string][char]10, [Environment]::NewLine)
$buttons = New-Object System.Windows.Forms.FlowLayoutPanel
$buttons.Dock = 'Bottom'; $buttons.AutoSize = $true; $buttons.FlowDirection = 'RightToLeft'
foreach ($label in $shown.buttons) {
  $button = New-Object System.Windows.Forms.Button
  $button.Text = $label; $button.AutoSize = $true
  $button.Add_Click({ $form.Tag = $this.Text; $form.Close() })
  $buttons.Controls.Add($button)
  if ($label -eq $shown.buttons[0]) { $form.AcceptButton = $button; $form.ActiveControl = $button }
}
$form.Controls.Add($text); $form.Controls.Add($buttons)
[void]$form.ShowDialog()
if ($form.Tag) { [Console]::Out.Write($form.Tag) }
";

pub(super) fn invocation(shown: &Shown) -> Invocation {
    let buttons: &[&str] = if shown.cut { &[DENY] } else { &[DENY, ALLOW] };
    let data = serde_json::json!({"title": TITLE, "text": shown.text(), "buttons": buttons});
    Invocation {
        args: ["-NoProfile", "-NonInteractive", "-Command", SCRIPT]
            .map(Into::into)
            .to_vec(),
        input: Some(data.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_data_on_standard_input() {
        let shown = Shown {
            sentence: "'; Remove-Item x; '".to_owned(),
            arguments: String::new(),
            facts: Vec::new(),
            cut: false,
            id: String::new(),
        };
        let Invocation { args, input } = invocation(&shown);
        assert!(
            args.iter()
                .all(|it| !it.to_string_lossy().contains("Remove-Item"))
        );
        let data: serde_json::Value = serde_json::from_str(&input.unwrap()).unwrap();
        assert_eq!(data["text"], shown.text());
        assert_eq!(data["buttons"][0], DENY, "the first button has the focus");
    }
}

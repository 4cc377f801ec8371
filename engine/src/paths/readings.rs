//! The texts a reader could take a word for: folded, unescaped, percent-decoded, with slashes turned.

use unicode_normalization::UnicodeNormalization;

use crate::dlp::forms::{fold, may_fold, percent, rewritten, unescape};

/// Encodings on top of one another that are undone.
const LAYERS: usize = 3;

/// Decoded forms of a text, itself first.
pub(super) fn decoded(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned()];
    if !text.contains(['\0', '%', '\\']) && !may_fold(text) {
        return forms;
    }
    let add = |forms: &mut Vec<String>, form: Option<String>| match form {
        Some(form) if !forms.contains(&form) => forms.push(form),
        _ => {}
    };
    if let Some((before, _)) = text.split_once('\0') {
        add(&mut forms, Some(before.to_owned()));
    }
    // Escapes and foldings may hide behind one another, so each layer applies to all so far.
    for _ in 0..LAYERS {
        for form in forms.clone() {
            if form.contains('%') {
                add(&mut forms, rewritten(&form, percent));
            }
            if form.contains("\\u")
                || form.contains("\\x")
                || form.contains("\\0")
                || form.contains("\\1")
            {
                add(&mut forms, rewritten(&form, unescape));
            }
            if may_fold(&form) {
                add(&mut forms, rewritten(&form, fold));
            }
        }
    }
    forms
}

/// Decoded forms of one word, also with its back slashes as slashes and left out.
pub(super) fn of_word(word: &str) -> Vec<String> {
    let mut forms = decoded(word);
    for form in forms.clone() {
        if form.contains('\\') {
            forms.push(form.replace('\\', "/"));
            forms.push(form.replace('\\', ""));
        }
    }
    forms
}

/// The text without the difference of case and of Unicode form.
pub(super) fn caseless(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

//! Keys that another reader could take for one the protocol defines: they differ from it only by
//! case, compatibility form, accents, separators or invisible characters.

use unicode_normalization::UnicodeNormalization;

/// The reserved key that `key` looks like without being one of them. Besides decoders that
/// ignore case, some take a field's own name (`progress_token`) for the one on the wire.
pub(crate) fn variant_of(key: &str, reserved: &[&'static str]) -> Option<&'static str> {
    if reserved.contains(&key) {
        return None;
    }
    let folded = fold(key);
    reserved
        .iter()
        .find(|name| plain_fold(name).eq(folded.chars()))
        .copied()
}

/// Upper case goes first, since U+0131 (dotless i) meets `i` only there.
fn fold(key: &str) -> String {
    if key.is_ascii() {
        return plain_fold(key).collect();
    }
    key.nfkd()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|character| character.is_alphanumeric() && !is_filler(*character))
        .collect()
}

/// [`fold`] for ASCII.
fn plain_fold(key: &str) -> impl Iterator<Item = char> {
    key.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|it| it.to_ascii_lowercase())
}

/// Hangul's fillers are letters that can't be seen.
fn is_filler(character: char) -> bool {
    matches!(character, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_found() {
        for key in [
            "Name",
            "NAME",
            "nAme",
            "name ",
            " name",
            "na\u{200b}me",
            "\u{feff}name",
            "na-me",
            "na_me",
            "ｎａｍｅ",
            "namé",
            "name\0",
            "\u{202e}name",
            "na\u{3164}me",
            "𝐧ame",
        ] {
            assert_eq!(variant_of(key, &["name"]), Some("name"), "{key:?}");
        }
        assert_eq!(variant_of("argumentſ", &["arguments"]), Some("arguments"));
        assert_eq!(variant_of("ıd", &["id"]), Some("id"));
        assert_eq!(variant_of("İd", &["id"]), Some("id"));
        assert_eq!(variant_of("to\u{212a}en", &["token"]), Some("token"));
        assert_eq!(
            variant_of("progress_token", &["progressToken"]),
            Some("progressToken")
        );
        assert_eq!(variant_of("meta", &["_meta"]), Some("_meta"));
    }

    #[test]
    fn reserved_and_unlike_keys_pass() {
        for key in [
            "name",
            "_meta",
            "names",
            "surname",
            "",
            "_",
            "名",
            "namespace",
            "n",
        ] {
            assert_eq!(variant_of(key, &["name", "_meta"]), None, "{key:?}");
        }
    }
}

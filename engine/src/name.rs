//! Names of tools and methods: the normal form that decides, the form in which look-alikes meet,
//! and the patterns a policy writes for them.

mod confusables;
mod glob;

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

pub(crate) use glob::star_matches;
pub use glob::{Glob, GlobError};

/// Rounds after which a name that still changes is taken as it stands. Two suffice for every
/// character known; the bound only keeps a surprise from looping.
const MAX_ROUNDS: usize = 8;

/// The form in which names are compared: NFKC, lower case, trimmed, and without control, format
/// and other unprintable characters; repeated until nothing changes.
///
/// A name that is in normal form already is returned as it is.
pub fn normal_form(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        return Cow::Borrowed(name);
    }
    let mut form = one_round(name);
    for _ in 0..MAX_ROUNDS {
        let next = one_round(&form);
        if next == form {
            break;
        }
        form = next;
    }
    if form == name {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(form)
    }
}

/// The form in which names that a person could take for each other are equal: the normal form
/// with confusable letters, digits and separators folded together.
pub fn looks_like(name: &str) -> String {
    let normal = normal_form(name);
    let decomposed: String = normal.nfd().filter(|c| !is_mark(*c)).collect();
    normal_form(&confusables::fold(&decomposed)).into_owned()
}

/// Printable ASCII, lower case, no space at either end: nothing would change.
fn is_plain(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes
        .iter()
        .all(|b| (0x20..0x7f).contains(b) && !b.is_ascii_uppercase())
        && bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
}

fn one_round(name: &str) -> String {
    let lower = name.nfkc().collect::<String>().to_lowercase();
    let shown: String = lower.nfkc().filter(|c| !is_unprintable(*c)).collect();
    shown.trim().to_owned()
}

/// Characters that leave no mark of their own on a screen, and code points that mean nothing
/// anywhere. Spaces stay: they show.
pub(crate) fn is_unprintable(c: char) -> bool {
    let category = c.general_category();
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::Unassigned
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || is_invisible(c)
}

/// Letters and marks whose category says they show, but which are drawn as nothing
/// (Default_Ignorable_Code_Point beyond the format characters).
fn is_invisible(c: char) -> bool {
    matches!(
        u32::from(c),
        0x034f | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x3164 | 0xffa0
            | 0xfe00..=0xfe0f | 0xe0000..=0xe0fff
    )
}

fn is_mark(c: char) -> bool {
    matches!(
        c.general_category(),
        GeneralCategory::NonspacingMark
            | GeneralCategory::EnclosingMark
            | GeneralCategory::SpacingMark
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variants_of_a_name_meet_in_its_normal_form() {
        check("read_file", "read_file");
        check("Read_File", "read_file");
        check("  read_file\t", "read_file");
        check("re\u{200b}ad_\u{feff}file", "read_file");
        check("\u{202e}read_file", "read_file");
        check("ｒｅａｄ＿ｆｉｌｅ", "read_file");
        check("read\u{0}_file\u{1b}", "read_file");
        check("\u{1d42b}ead_file", "read_file");
        check("ﬁle", "file");
        check("İ", "i\u{307}");
        check("Straße", "straße");
        check("", "");
        check("\u{200b}", "");
        check("re\u{3164}ad\u{e0041}", "read");
        check("a\u{2028}b", "ab");
        check("\u{200b} read_file \u{200b}", "read_file");
        check("read file", "read file");
    }

    #[test]
    fn a_name_in_normal_form_is_borrowed() {
        assert!(matches!(normal_form("git_status"), Cow::Borrowed(_)));
        assert!(matches!(normal_form("größe"), Cow::Borrowed(_)));
    }

    #[test]
    fn names_that_look_alike_share_a_skeleton() {
        check_alike("read_file", "rеad_file", true); // Cyrillic е
        check_alike("read_file", "read-file", true);
        check_alike("list_all", "1ist_a11", true);
        check_alike("login", "1ogin", true);
        check_alike("foo", "f0o", true);
        check_alike("pay", "ρay", true); // Greek rho
        check_alike("read_file", "réad_file", true);
        check_alike("modern", "rnodern", true);
        check_alike("read_file", "write_file", false);
        check_alike("get_user", "get_users", false);
    }

    proptest! {
        #[test]
        fn the_normal_form_of_a_normal_form_is_itself(name in any::<String>()) {
            let once = normal_form(&name).into_owned();
            prop_assert_eq!(&normal_form(&once), &once);
        }

        #[test]
        fn what_has_one_normal_form_looks_alike(name in any::<String>()) {
            let normal = normal_form(&name).into_owned();
            prop_assert_eq!(looks_like(&name), looks_like(&normal));
        }
    }

    fn check(name: &str, normal: &str) {
        assert_eq!(normal_form(name), normal, "normal form of {name:?}");
    }

    fn check_alike(a: &str, b: &str, alike: bool) {
        assert_eq!(looks_like(a) == looks_like(b), alike, "{a:?} and {b:?}");
    }
}

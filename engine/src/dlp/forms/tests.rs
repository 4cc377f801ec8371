//! Which texts folding may be spared.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_called_steady_is_normal_shows_and_joins_nothing() {
    for letter in ('\0'..=char::MAX).filter(|letter| is_steady(*letter)) {
        let steady = is_nfkc_quick([letter].into_iter()) == IsNormalized::Yes
            && canonical_combining_class(letter) == 0
            && !invisible(letter);
        assert!(steady, "{letter:?}");
    }
}

proptest! {
    #[test]
    fn no_text_that_folding_changes_is_passed_over(
        text in "(\\PC|[ -~]|[\u{300}-\u{330}\u{3099}\u{309a}\u{1160}-\u{11ff}\u{200b}\u{1b}]|[가-각À-ÿが]|.){0,12}",
    ) {
        prop_assert!(may_fold(&text) || rewritten(&text, fold).is_none(), "{text:?}");
    }

    #[test]
    fn steady_texts_are_changed_by_nothing(text in "[ -~À-ÿА-я–—“”ぁ-ゖ一-龥가-힣]{0,12}") {
        prop_assert!(!may_fold(&text));
        prop_assert_eq!(rewritten(&text, fold), None);
    }
}

//! What a URI is read as, and which patterns it falls under.

use proptest::prelude::*;

use super::*;

#[test]
fn a_uri_is_read_in_every_way_a_server_might() {
    let cases = [
        ("HTTPS://User@Example.COM:443/A", "https://example.com/A"),
        ("https://example.com./a", "https://example.com/a"),
        ("http://example.com.:80/a", "http://example.com/a"),
        ("file:/etc/passwd", "file:///etc/passwd"),
        ("file:etc/passwd", "file:///etc/passwd"),
        ("file://localhost/etc/passwd", "file:///etc/passwd"),
        ("file://etc/passwd", "file:///etc/passwd"),
        ("file:////etc/passwd", "file:///etc/passwd"),
        (r"file:\\\etc\passwd", "file:///etc/passwd"),
        ("file:///a/%2e%2e/etc/passwd", "file:///etc/passwd"),
        ("file:///a/%252e%252e/etc/passwd", "file:///etc/passwd"),
        ("file:///a/..%2fetc%2fpasswd", "file:///etc/passwd"),
        ("file:///a/..%5cetc%5cpasswd", "file:///etc/passwd"),
        ("file:///a/%c0%ae%c0%ae/etc/passwd", "file:///etc/passwd"),
        ("file:///a//../b", "file:///b"),
        ("file:///a//../b", "file:///a/b"),
        ("file:///a/..;x=1/etc", "file:///etc"),
        ("file:///etc/passwd#.md", "file:///etc/passwd"),
        ("file:///etc/passwd?a#.md", "file:///etc/passwd"),
        ("file:///etc/passwd%23.md", "file:///etc/passwd"),
        ("file:///etc/passwd%00.md", "file:///etc/passwd"),
        ("file:///a/?/../../etc/passwd", "file:///etc/passwd"),
        ("file:///a/#/..//../etc/passwd", "file:///etc/passwd"),
        ("note://public/../private/a", "note://private/a"),
        ("note://public/../private/a?b", "note://private/a"),
        ("note://public/%2e%2e/private/a", "note://private/a"),
        ("note:///private/a", "note://private/a"),
        ("note:private/a", "note://private/a"),
        ("https:///internal/a", "https://internal/a"),
        ("https:/internal/a", "https://internal/a"),
        ("ｆｉｌｅ:///ETC/ｐasswd", "file:///etc/passwd"),
        ("note://a/\u{200b}b", "note://a/b"),
        ("note://caf%e9", "note://caf\u{e9}"),
    ];
    for (uri, reading) in cases {
        let readings = Readings::of(uri).unwrap();
        let found = readings.0.iter().any(|it| it.text == reading);
        assert!(found, "{uri:?} as {reading:?}: {readings:#?}");
    }
}

#[test]
fn a_uri_that_is_too_long_or_too_tangled_is_not_read() {
    assert!(Readings::of(&"a".repeat(LONGEST)).is_some());
    assert!(Readings::of(&"a".repeat(LONGEST + 1)).is_none());
    assert!(Readings::of(&format!("a:%{}41", "25".repeat(500))).is_none());
    let tangled = r"HTTP://U@H.:80\\A//b/../c/%2e%2e/%255c..//X%252f..?Q=%2541#F%23\..";
    assert!(Readings::of(tangled).is_none());
}

#[test]
fn an_honest_uri_has_few_readings() {
    for (uri, most) in [
        ("file:///home/me/project/src/main.rs", 1),
        ("demo://resource/static/document/features.md", 1),
        ("file:///home/me/My%20Notes/Plan.md", 8),
        ("https://Example.com/Wiki/Tea%20pots?page=2#Top", 40),
        ("postgres://reader@Db:5432/Tea/schema", 8),
    ] {
        let readings = Readings::of(uri).unwrap().0.len();
        assert!(readings <= most, "{uri}: {readings}");
    }
}

#[test]
fn a_pattern_that_could_mean_something_else_is_refused() {
    let longest = "a".repeat(LONGEST + 1);
    for (pattern, error) in [
        ("", "empty"),
        ("a\u{200b}b", "can't be seen"),
        ("file:///a%2Ab", "becomes a `*`"),
        ("file:///a＊", "becomes a `*`"),
        (&longest, "longer than 4096"),
    ] {
        let found = UriPattern::new(pattern).unwrap_err().to_string();
        assert!(found.contains(error), "{pattern:?}: {found}");
    }
}

#[test]
fn covering_is_claimed_only_where_it_is_sure() {
    check_covers("*", "file:///a/*", true);
    check_covers("file:///a/*", "*", false);
    check_covers("file:///a/*", "file:///a/b/*", true);
    check_covers("file:///a/*", "file:///a*", false);
    check_covers("file:///A/*", "file:///A/B%20c/*", true);
    check_covers("file:///a/*", "file:///a/../b", false);
    check_covers("file:///a/*", "file:///a/%2e%2e/b", false);
    check_covers("file:///a b", "file:///a%20b", false);
    check_covers("https://h/*", "https://h/a?q=*", true);
    check_covers("https://h/*.md", "https://h/a?q=.md", false);
    check_covers("file:///*", "file://host/share/*", false);
}

proptest! {
    #[test]
    fn a_uri_written_as_a_pattern_is_met_by_itself(uri in "(file|HTTP|n):(//[aA@.:8]{0,3})?[aA/.%25e?#\\\\ ]{0,12}") {
        if let (Ok(pattern), Some(readings)) = (UriPattern::new(&uri), Readings::of(&uri)) {
            let met = UriPattern::allow(std::iter::once(&pattern), &readings);
            prop_assert!(met || readings.hold_control());
            prop_assert!(pattern.denies(&readings));
        }
    }

    /// Whatever the reading, what one pattern allows its cover allows too.
    #[test]
    fn a_cover_allows_and_denies_what_it_covers(
        wide in "f:/[aA*/.%2]{0,5}",
        narrow in "f:/[aA*/.%2e]{0,6}",
        uri in "f:/[aA/.%2e]{0,8}",
    ) {
        let patterns = UriPattern::new(&wide).ok().zip(UriPattern::new(&narrow).ok());
        if let (Some((wide, narrow)), Some(uri)) = (patterns, Readings::of(&uri)) {
            let allows = |it: &UriPattern| UriPattern::allow(std::iter::once(it), &uri);
            prop_assert!(!wide.covers(&narrow) || !allows(&narrow) || allows(&wide));
            let denied = wide.covers_denial(&narrow) && narrow.denies(&uri);
            prop_assert!(!denied || wide.denies(&uri));
        }
    }
}

fn check_covers(wide: &str, narrow: &str, covers: bool) {
    let (a, b) = (
        UriPattern::new(wide).unwrap(),
        UriPattern::new(narrow).unwrap(),
    );
    assert_eq!(a.covers(&b), covers, "{wide:?} over {narrow:?}");
}

//! Folds what looks like an ASCII letter, digit or separator into one of them.
//!
//! A small table on purpose: the alphabets that hostile tool names are built from. What it
//! misses is caught where the user reads the name, not here.

/// Each row: what all the characters after it look like.
const ROWS: &[(char, &str)] = &[
    ('a', "аαɑ"),
    ('b', "вьƅβ"),
    ('c', "сϲᴄⅽ"),
    ('d', "ԁɗⅾ"),
    ('e', "еҽεєɛ"),
    ('f', "ƒϝ"),
    ('g', "ɡցԍ"),
    ('h', "һհнη"),
    ('l', "1iіıιӏ|ǀɩįлℓ!"),
    ('j', "јϳ"),
    ('k', "кκĸ"),
    ('m', "мϻⅿ"),
    ('n', "пոռ"),
    ('o', "0оοօσөоᴏ"),
    ('p', "рρϸ"),
    ('q', "ԛգ"),
    ('r', "гᴦɾ"),
    ('s', "ѕꜱʂ5"),
    ('t', "тτŧ"),
    ('u', "υսцʋ"),
    ('v', "ѵνᴠⅴ"),
    ('w', "шѡԝωա"),
    ('x', "хχⅹ"),
    ('y', "уγүყʏ"),
    ('z', "ᴢʐ2"),
    ('8', "б"),
    ('3', "зӡʒ"),
    ('_', "-‐‑‒–—―−﹣－⁃¯ˉ‾. ·・/:"),
];

/// The name with every confusable character replaced, and pairs that read as one letter joined.
pub(super) fn fold(normal: &str) -> String {
    let letters: String = normal.chars().map(fold_char).collect();
    letters
        .replace("rn", "m")
        .replace("vv", "w")
        .replace("cl", "d")
}

fn fold_char(c: char) -> char {
    ROWS.iter()
        .find(|(_, alike)| alike.contains(c))
        .map_or(c, |(base, _)| *base)
}

//! Medians, and tables of Markdown.

/// The middle one, or the mean of the two in the middle; zero where there is none.
#[must_use]
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The figure that so many in a hundred do not exceed; zero where there is none.
#[must_use]
pub fn percentile(figures: impl IntoIterator<Item = f64>, hundredth: usize) -> f64 {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * hundredth / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// A figure with as many digits as it deserves.
#[must_use]
pub fn short(figure: f64) -> String {
    match figure.abs() {
        at_least if at_least >= 100.0 => format!("{figure:.0}"),
        at_least if at_least >= 10.0 => format!("{figure:.1}"),
        at_least if at_least >= 1.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

/// Bytes as people say them.
#[must_use]
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KB", bytes / 1024),
        _ => format!("{} MB", bytes / 1_048_576),
    }
}

/// A table of Markdown, as wide as its cells.
#[must_use]
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max();
        widest
            .unwrap_or_default()
            .max(heads[column].chars().count())
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut out = line(&mut heads.iter().copied());
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    out.push_str(&line(&mut rules.iter().map(String::as_str)));
    for row in rows {
        out.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_a_percentile_never_runs_out() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median([]).abs() < f64::EPSILON);
        assert!((percentile([1.0, 2.0], 100) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_table_is_markdown() {
        let rows = [vec!["1 KB".to_owned(), "9".to_owned()]];
        assert_eq!(
            table(&["size", "us"], &rows),
            "| size | us |\n| ---- | -- |\n| 1 KB | 9  |\n"
        );
    }
}

//! Medians with their spread, and the tables they are printed in.

use std::time::Duration;

/// The middle and the ends of a few measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The median.
    pub median: f64,
    /// The most.
    pub max: f64,
}

/// A table of text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A time in milliseconds.
#[must_use]
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A size in MiB, as tables have it.
#[must_use]
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

// === impl Spread ===

impl Spread {
    /// Of at least one measurement.
    ///
    /// # Panics
    /// Without any.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        assert!(!values.is_empty(), "a spread needs a measurement");
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
            _ => sorted[middle],
        };
        Self { min: sorted[0], median, max: sorted[sorted.len() - 1] }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:.1} ({:.1} to {:.1})", self.median, self.min, self.max)
    }
}

// === impl Table ===

impl Table {
    /// An empty table with these columns.
    #[must_use]
    pub fn new(heads: &[&str]) -> Self {
        Self { heads: heads.iter().map(|head| (*head).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// In columns, for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines("  ", "", |width| "-".repeat(width))
    }

    /// For a document.
    #[must_use]
    pub fn markdown(&self) -> String {
        self.lines(" | ", "|", |width| "-".repeat(width.max(3)))
    }

    fn lines(&self, between: &str, edge: &str, rule: impl Fn(usize) -> String) -> String {
        let all = || std::iter::once(&self.heads).chain(&self.rows);
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|column| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
            .collect();
        let line = |cells: &[String]| {
            let padded: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            match edge {
                "" => padded.join(between).trim_end().to_owned(),
                edge => format!("{edge} {} {edge}", padded.join(between)),
            }
        };
        let mut out = vec![line(&self.heads), line(&widths.iter().map(|width| rule(*width)).collect::<Vec<_>>())];
        out.extend(self.rows.iter().map(|row| line(row)));
        out.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between_the_middle_two() {
        assert_eq!(Spread::of(&[4.0, 1.0, 3.0, 2.0]), Spread { min: 1.0, median: 2.5, max: 4.0 });
        assert_eq!(Spread::of(&[7.0]).to_string(), "7.0 (7.0 to 7.0)");
    }

    #[test]
    fn both_forms_have_a_line_for_each_row() {
        let mut table = Table::new(&["row", "us"]);
        table.row(vec!["no filter".to_owned(), "31".to_owned()]);
        assert_eq!(table.text(), "row        us\n---------  --\nno filter  31\n");
        assert_eq!(table.markdown(), "| row       | us |\n| --------- | --- |\n| no filter | 31 |\n");
    }
}

//! Aligned tables that fit the width.

use super::WIDTH;
use crate::format::one_line;

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Words.
    Left,
    /// Numbers.
    Right,
    /// Words that are cut when the table would not fit; at most one per table.
    Rest,
    /// The same for names that differ at both ends: cut in the middle.
    Name,
}

/// A table under construction.
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

const GAP: usize = 2;
const LEAST_REST: usize = 8;

impl Table {
    /// A table with these titles.
    pub(super) fn new(columns: &[(&str, Column)]) -> Self {
        let titles = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
        Self { columns: columns.iter().map(|(_, column)| *column).collect(), rows: vec![titles] }
    }

    /// Adds a row, a cell per column. Cells are foreign text: they become one printable line.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows.push(cells.into_iter().map(|cell| one_line(&cell, 400)).collect());
    }

    /// The lines, each indented by `indent` blanks.
    pub(super) fn render(self, indent: usize) -> String {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|i| self.rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0))
            .collect();
        let total = indent + widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        if let Some(rest) =
            self.columns.iter().position(|column| matches!(column, Column::Rest | Column::Name))
        {
            let excess = total.saturating_sub(WIDTH);
            widths[rest] = widths[rest].min(widths[rest].saturating_sub(excess).max(LEAST_REST));
        }
        let mut text = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(widths.iter().copied())
            {
                if line.len() > indent {
                    line.push_str(&" ".repeat(GAP));
                }
                match column {
                    Column::Right => line.push_str(&format!("{cell:>width$}")),
                    Column::Left => line.push_str(&format!("{cell:<width$}")),
                    Column::Name => line.push_str(&format!("{:<width$}", ends(cell, width))),
                    Column::Rest => line.push_str(&format!("{:<width$}", one_line(cell, width))),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// At most `width` characters of a name: its beginning and its end.
fn ends(name: &str, width: usize) -> String {
    let length = name.chars().count();
    if length <= width {
        return name.to_owned();
    }
    let tail = (width / 4).min(8);
    let head: String = name.chars().take(width.saturating_sub(tail + 1)).collect();
    let tail: String = name.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_cut_to_fit_and_controls_are_inert() {
        let mut table = Table::new(&[("n", Column::Right), ("what", Column::Rest)]);
        table.row(["1,234".to_owned(), "word ".repeat(40)]);
        table.row(["1".to_owned(), "\x1b[31mred\nnext".to_owned()]);
        let text = table.render(2);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.lines().next().unwrap(), "      n  what");
        assert_eq!(text.lines().nth(2).unwrap(), "      1  ␛[31mred next");
        assert!(text.lines().nth(1).unwrap().ends_with('…'));
    }
}

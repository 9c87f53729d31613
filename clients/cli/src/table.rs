//! Tables for people: columns under their names, nothing drawn around them, one line a thing.

/// Columns, and what stands in them.
#[derive(Debug, Clone)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Table {
    /// With these columns. A name that begins with `>` is one of numbers, which stand to the right.
    pub fn new(columns: &[&str]) -> Self {
        let right = columns.iter().map(|name| name.starts_with('>')).collect();
        let names = columns.iter().map(|name| name.trim_start_matches('>').to_owned()).collect();
        Self { rows: vec![names], right }
    }

    /// One line more.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|cell| one_line(cell)).collect());
    }

    /// All of it, each line ended.
    pub fn text(&self) -> String {
        let width = |nth: usize| self.rows.iter().filter_map(|row| row.get(nth)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.right.len()).map(|nth| width(nth).unwrap_or_default()).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).zip(&self.right).map(|((cell, width), right)| {
                if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        self.rows.iter().map(line).collect()
    }
}

/// What others wrote, on one line and without anything that a terminal would obey.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The part of a thing's id that tells it from the others of its workspace. Commands that take an id take it, too.
pub fn short(id: &str) -> &str {
    id.split_once('.').map_or(id, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_names_and_numbers_to_the_right() {
        let mut table = Table::new(&["NAME", ">CALLS", "STATE"]);
        table.row(["größer".to_owned(), "7".to_owned(), "current".to_owned()]);
        table.row(["a".to_owned(), "1204".to_owned(), String::new()]);
        assert_eq!(table.text(), "NAME    CALLS  STATE\ngrößer      7  current\na        1204\n");
    }

    #[test]
    fn nothing_in_a_cell_breaks_its_line_or_reaches_the_terminal() {
        let mut table = Table::new(&["NAME"]);
        table.row(["a\nb\u{1b}[2J".to_owned()]);
        assert_eq!(table.text(), "NAME\na b [2J\n");
    }

    #[test]
    fn a_short_id_is_the_end_of_the_whole_one() {
        assert_eq!(short("1c5h8a9xk2m4p7r0t3v6w9y2b4.10.15.task"), "10.15.task");
        assert_eq!(short("7zr2m0f4kq1s8x3b6v9w5nchg4"), "7zr2m0f4kq1s8x3b6v9w5nchg4");
    }
}

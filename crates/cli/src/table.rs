/// Sets rows under a heading, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = heading.map(width);
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = width(cell).max(*widest);
        }
    }
    let mut text = String::new();
    set(&mut text, heading, widths);
    for row in rows {
        set(&mut text, row.each_ref().map(String::as_str), widths);
    }
    text
}

fn set<const N: usize>(text: &mut String, cells: [&str; N], widths: [usize; N]) {
    let mut line = String::new();
    for (cell, widest) in cells.into_iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', widest - width(cell) + 2));
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [
            ["a".to_owned(), "long cell".to_owned(), "x".to_owned()],
            ["größer".to_owned(), String::new(), "y".to_owned()],
        ];

        assert_eq!(
            table(["ID", "WHAT", "END"], &rows),
            "ID      WHAT       END\na       long cell  x\ngrößer             y\n"
        );
    }
}

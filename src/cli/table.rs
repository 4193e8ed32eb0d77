//! Columns for people.

/// Lines with their columns under each other; the last column is not padded.
pub(super) fn lines(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = header.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let mut text = String::new();
        for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            if at > 0 {
                text.push_str("  ");
            }
            text.push_str(cell);
            if at + 1 < cells.len() {
                text.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
            }
        }
        text.trim_end().to_owned()
    };
    let mut all = vec![line(header.to_vec())];
    all.extend(
        rows.iter()
            .map(|row| line(row.iter().map(String::as_str).collect())),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = vec![
            vec!["PPK2".to_owned(), "x".to_owned()],
            vec!["Ö".to_owned(), String::new()],
        ];
        assert_eq!(lines(&["user", "y"], &rows), ["user  y", "PPK2  x", "Ö"]);
    }
}

//! Tables on a terminal.

use super::layout::{GAP, MIN_TEXT, Wish, fit};
use super::lines::{shorten, width_of};
use super::paint::{FAINT, HEADING, painted};
use super::{Screen, style_of};
use crate::document::{Align, Cell, Column, Table};
use crate::escape::Charset;

impl Screen<'_> {
    pub(super) fn table(&self, table: &Table) -> Vec<String> {
        let titles: Vec<_> = table.columns.iter().map(|column| self.safe(&column.title)).collect();
        let texts: Vec<Vec<_>> =
            table.rows.iter().map(|row| row.iter().map(|cell| self.cell(cell)).collect()).collect();
        let wishes: Vec<_> = (0..titles.len()).map(|at| wish(table, &titles, &texts, at)).collect();
        let Some(widths) = fit(&wishes, self.width) else {
            return self.records(table);
        };

        let mut lines = vec![
            self.line(&table.columns, &widths, &titles, |_, text| painted(self.color, HEADING, text)),
            self.rule(&widths),
        ];
        for (row, texts) in table.rows.iter().zip(&texts) {
            lines.push(self.line(&table.columns, &widths, texts, |at, text| {
                painted(self.color, style_of(&row[at]), text)
            }));
        }
        let left_out: Vec<_> = titles
            .iter()
            .zip(&widths)
            .filter(|(_, width)| width.is_none())
            .map(|(title, _)| title.as_str())
            .collect();
        if !left_out.is_empty() {
            let remark = format!("not shown at this width: {}", left_out.join(", "));
            lines.extend(self.wrapped(&[super::Run::new(FAINT, &remark)], "", 2));
        }
        lines
    }

    fn line(
        &self,
        columns: &[Column],
        widths: &[Option<usize>],
        texts: &[String],
        paint: impl Fn(usize, &str) -> String,
    ) -> String {
        let mut line = String::new();
        let shown = widths.iter().enumerate().filter_map(|(at, width)| width.map(|width| (at, width)));
        for (nth, (at, width)) in shown.enumerate() {
            if nth > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let text = shorten(&texts[at], width, self.charset);
            // Blanks stay outside of the style: an underlined or coloured blank would be a mark.
            let blanks = " ".repeat(width.saturating_sub(width_of(&text)));
            let text = paint(at, &text);
            match columns[at].align {
                Align::Left => line.extend([text, blanks]),
                Align::Right => line.extend([blanks, text]),
            }
        }
        line
    }

    fn rule(&self, widths: &[Option<usize>]) -> String {
        let sign = if self.charset == Charset::Unicode { "─" } else { "-" };
        let rules: Vec<_> = widths.iter().flatten().map(|&width| sign.repeat(width)).collect();
        painted(self.color, FAINT, &rules.join(&" ".repeat(GAP)))
    }

    /// Rows as lists of names and values, for screens on which not even the columns that matter most fit.
    fn records(&self, table: &Table) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &table.rows {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            let titles = table.columns.iter().map(|column| column.title.clone());
            let pairs: Vec<_> = titles.zip(row.iter().cloned()).collect();
            lines.extend(self.key_values(&pairs));
        }
        lines
    }
}

fn wish(table: &Table, titles: &[String], texts: &[Vec<String>], at: usize) -> Wish {
    let title = width_of(&titles[at]);
    let widths = || texts.iter().map(|row| width_of(&row[at]));
    let natural = widths().max().unwrap_or(0).max(title);
    let may_be_shortened = |row: &Vec<Cell>| matches!(row[at], Cell::Text(_) | Cell::Log(_));
    let firm = table
        .rows
        .iter()
        .zip(widths())
        .filter(|(row, _)| !may_be_shortened(row))
        .map(|(_, width)| width)
        .max();
    let least = natural.min(firm.unwrap_or(0).max(title).max(MIN_TEXT));
    Wish { natural, least, priority: table.columns[at].priority }
}

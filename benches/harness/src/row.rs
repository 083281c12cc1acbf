use serde::Serialize;

/// One line of the results.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// What was measured; stable, because bars are known by it.
    pub name: String,
    /// How it was measured.
    pub kind: Kind,
    /// The unit of `ours` and `rival`.
    pub unit: &'static str,
    /// Our value; less is better unless `op` is `>=` on a row without a rival.
    pub ours: f64,
    /// The rival's value.
    pub rival: Option<f64>,
    /// Who the rival is.
    pub rival_name: Option<String>,
    /// How many times better than the rival, or than the bar if there is no rival; above 1 is better. Nothing when
    /// it would be infinite.
    pub ratio: Option<f64>,
    /// How `bar` is compared: with `ratio` if there is a rival, else with `ours`.
    pub op: &'static str,
    /// What must hold; nothing for a row that only informs.
    pub bar: Option<f64>,
    /// Whether the bar holds; nothing without a bar.
    pub pass: Option<bool>,
}

/// How a row was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// Interleaved time, on the wall or of processors.
    Ratio,
    /// Instructions, counted by callgrind.
    Instructions,
    /// Calls of the allocator.
    Allocations,
    /// Bytes.
    Bytes,
    /// Any other number that repeats.
    Count,
    /// A tail latency.
    Latency,
}

/// A bound on an absolute value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bar {
    /// The value is this or less.
    AtMost(f64),
    /// The value is this or more.
    AtLeast(f64),
}

impl Row {
    /// Our value beside a rival's, where less is better; `bar` is the least ratio that passes.
    #[must_use]
    pub fn relative(
        name: &str,
        kind: Kind,
        unit: &'static str,
        (ours, rival): (f64, f64),
        rival_name: &str,
        bar: Option<f64>,
    ) -> Self {
        let ratio = quotient(rival, ours);
        Self {
            name: name.to_owned(),
            kind,
            unit,
            ours,
            rival: Some(rival),
            rival_name: Some(rival_name.to_owned()),
            ratio,
            op: ">=",
            bar,
            pass: bar.map(|bar| ratio.is_none_or(|ratio| ratio >= bar)),
        }
    }

    /// Our value against a bar of its own.
    #[must_use]
    pub fn absolute(name: &str, kind: Kind, unit: &'static str, ours: f64, bar: Bar) -> Self {
        let (op, bound, ratio, pass) = match bar {
            Bar::AtMost(bound) => ("<=", bound, quotient(bound, ours), ours <= bound),
            Bar::AtLeast(bound) => (">=", bound, quotient(ours, bound), ours >= bound),
        };
        Self {
            name: name.to_owned(),
            kind,
            unit,
            ours,
            rival: None,
            rival_name: None,
            ratio,
            op,
            bar: Some(bound),
            pass: Some(pass),
        }
    }

    /// The row with a ratio that was measured as such, such as the median over rounds.
    #[must_use]
    pub fn with_ratio(mut self, ratio: f64) -> Self {
        self.ratio = Some(ratio);
        if self.rival.is_some() {
            self.pass = self.bar.map(|bar| ratio >= bar);
        }
        self
    }

    /// The row as a line of a Markdown table, under [`Row::HEAD`].
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), shown);
        let bar = self
            .bar
            .map_or_else(|| "-".to_owned(), |bar| format!("{} {}", self.op, shown(bar)));
        let pass = match self.pass {
            None => "-",
            Some(true) => "pass",
            Some(false) => "FAIL",
        };
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {bar} | {pass} |",
            self.name,
            format!("{:?}", self.kind).to_lowercase(),
            self.unit,
            shown(self.ours),
            number(self.rival),
            self.rival_name.as_deref().unwrap_or("-"),
            number(self.ratio),
        )
    }

    /// The head of the table.
    pub const HEAD: &str = "| name | kind | unit | ours | rival | rival is | ratio | bar | |\n\
                            |---|---|---|---:|---:|---|---:|---|---|";
}

/// Nothing when it is infinite; 1 when both are nothing.
fn quotient(above: f64, below: f64) -> Option<f64> {
    if below > 0.0 {
        return Some(above / below);
    }
    (above <= 0.0).then_some(1.0)
}

fn shown(value: f64) -> String {
    if value.fract() == 0.0 || value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(ours: f64, rival: f64, bar: Option<f64>) -> Row {
        Row::relative(
            "x",
            Kind::Instructions,
            "instructions/op",
            (ours, rival),
            "regex",
            bar,
        )
    }

    #[test]
    fn a_ratio_above_one_is_better_than_the_rival() {
        assert_eq!(relative(50.0, 200.0, Some(3.0)).ratio, Some(4.0));
        assert_eq!(relative(50.0, 200.0, Some(3.0)).pass, Some(true));
        assert_eq!(relative(50.0, 200.0, Some(5.0)).pass, Some(false));
        assert_eq!(relative(200.0, 50.0, None).pass, None);
    }

    #[test]
    fn nothing_against_something_is_infinitely_better_and_against_nothing_equal() {
        assert_eq!(relative(0.0, 3.0, Some(9.0)).ratio, None);
        assert_eq!(relative(0.0, 3.0, Some(9.0)).pass, Some(true));
        assert_eq!(relative(0.0, 0.0, Some(1.0)).ratio, Some(1.0));
    }

    #[test]
    fn an_absolute_bar_is_compared_with_our_value() {
        let row = Row::absolute("x", Kind::Allocations, "allocations/op", 4.0, Bar::AtMost(2.0));

        assert_eq!((row.ratio, row.op, row.pass), (Some(0.5), "<=", Some(false)));
    }

    #[test]
    fn the_json_has_the_fields_that_readers_rely_on() {
        let json = serde_json::to_value(relative(50.0, 200.0, None)).unwrap();

        let fields: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(
            fields,
            [
                "bar",
                "kind",
                "name",
                "op",
                "ours",
                "pass",
                "ratio",
                "rival",
                "rival_name",
                "unit"
            ],
        );
        assert_eq!(json["kind"], "instructions");
    }
}

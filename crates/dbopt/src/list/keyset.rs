use super::{Columns, bind::Bind, sort::Direction};

/// The condition that rows come after the given values in the given order, with parameters from `first`.
///
/// Where all columns go the same way, one comparison of rows lets an index seek. Otherwise the alternatives
/// are written out, behind a bound on the first column that keeps the seek.
pub(crate) fn after(columns: &Columns, order: &[(usize, Direction)], first: usize) -> String {
    let parts: Vec<Part> = order
        .iter()
        .enumerate()
        .filter_map(|(at, &(position, direction))| {
            let column = columns.all().get(position)?;
            Some(Part {
                sql: column.sql.clone(),
                parameter: column.kind.parameter(first + at),
                direction,
            })
        })
        .collect();
    let Some(head) = parts.first() else {
        return "TRUE".to_owned();
    };
    if parts.iter().all(|part| part.direction == head.direction) {
        let names: Vec<&str> = parts.iter().map(|part| part.sql.as_str()).collect();
        let values: Vec<&str> = parts.iter().map(|part| part.parameter.as_str()).collect();
        return format!("({}) {} ({})", names.join(", "), head.beyond(), values.join(", "));
    }
    let alternatives: Vec<String> = (0..parts.len()).map(|tie| alternative(&parts, tie)).collect();
    format!(
        "{} {}= {} AND ({})",
        head.sql,
        head.beyond(),
        head.parameter,
        alternatives.join(" OR ")
    )
}

/// The order as SQL.
pub(crate) fn order_by(columns: &Columns, order: &[(usize, Direction)]) -> String {
    let parts: Vec<String> = order
        .iter()
        .filter_map(|&(position, direction)| {
            let column = columns.all().get(position)?;
            Some(format!("{} {}", column.sql, direction.sql()))
        })
        .collect();
    parts.join(", ")
}

pub(crate) fn binds(values: Vec<String>) -> impl Iterator<Item = Bind> {
    values.into_iter().map(Bind::One)
}

struct Part {
    sql: String,
    parameter: String,
    direction: Direction,
}

impl Part {
    const fn beyond(&self) -> &'static str {
        match self.direction {
            Direction::Ascending => ">",
            Direction::Descending => "<",
        }
    }
}

/// Equal in the first `ties` columns, beyond in the next.
fn alternative(parts: &[Part], ties: usize) -> String {
    let equal = parts
        .iter()
        .take(ties)
        .map(|part| format!("{} = {}", part.sql, part.parameter));
    let beyond = parts
        .get(ties)
        .map(|part| format!("{} {} {}", part.sql, part.beyond(), part.parameter));
    let all: Vec<String> = equal.chain(beyond).collect();
    format!("({})", all.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Columns};

    fn columns() -> Columns {
        Columns::builder("t")
            .column(Column::int("id"))
            .column(Column::timestamp("at"))
            .key("id")
            .build()
            .unwrap()
    }

    #[test]
    fn one_direction_is_one_comparison_of_rows() {
        let order = columns()
            .sort()
            .by("at", Direction::Descending)
            .unwrap()
            .complete();

        assert_eq!(
            after(&columns(), &order, 3),
            r#"("at", "id") < (($3::text)::timestamptz, ($4::text)::bigint)"#
        );
        assert_eq!(order_by(&columns(), &order), r#""at" DESC, "id" DESC"#);
    }

    #[test]
    fn mixed_directions_keep_a_bound_on_the_first_column() {
        let sort = columns().sort().parse("-at,id").unwrap();

        assert_eq!(
            after(&columns(), &sort.complete(), 1),
            concat!(
                r#""at" <= ($1::text)::timestamptz AND (("at" < ($1::text)::timestamptz) OR "#,
                r#"("at" = ($1::text)::timestamptz AND "id" > ($2::text)::bigint))"#
            )
        );
    }
}

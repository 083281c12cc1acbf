use std::fmt;

use tokio_postgres::types::ToSql;

use super::{Column, Columns, Kind, Value, bind::Bind};
use crate::Rejection;

/// Conditions on declared columns, all of which must hold. Values always travel as parameters.
#[derive(Clone, Debug)]
pub struct Filter {
    columns: Columns,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Condition {
    /// The column, quoted.
    sql: String,
    kind: Kind,
    operator: Operator,
    value: Bind,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operator {
    /// Equal; `eq` in a parameter.
    Eq,
    /// Not equal, and not null; `ne`.
    Ne,
    /// Less; `lt`.
    Lt,
    /// Less or equal; `lte`.
    Lte,
    /// Greater; `gt`.
    Gt,
    /// Greater or equal; `gte`.
    Gte,
    /// Equal to one of several; `in`, separated by commas.
    In,
    /// Contains a text, whatever the case; `contains`. Wildcards have no meaning.
    Contains,
    /// Starts with a text, whatever the case; `startsWith`. Wildcards have no meaning.
    StartsWith,
    /// Is null (`true`) or not (`false`); `isNull`.
    IsNull,
}

impl Operator {
    /// The name in a parameter, such as `gte` in `rating[gte]=1500`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::In => "in",
            Self::Contains => "contains",
            Self::StartsWith => "startsWith",
            Self::IsNull => "isNull",
        }
    }

    fn fits(self, column: &Column) -> bool {
        match self {
            Self::Eq | Self::Ne | Self::In => true,
            Self::Lt | Self::Lte | Self::Gt | Self::Gte => column.kind != Kind::Bool,
            Self::Contains | Self::StartsWith => column.kind == Kind::Text,
            Self::IsNull => column.nullable,
        }
    }

    const fn comparison(self) -> &'static str {
        match self {
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
            _ => "=",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Filter {
    pub(crate) const fn new(columns: Columns) -> Self {
        Self {
            columns,
            conditions: Vec::new(),
        }
    }

    /// Adds a condition.
    ///
    /// # Errors
    /// [`Rejection::UnknownColumn`], [`Rejection::Operator`] or [`Rejection::Value`], each naming what is allowed.
    pub fn when(
        mut self,
        column: &str,
        operator: Operator,
        value: impl Into<Value>,
    ) -> Result<Self, Rejection> {
        let condition = condition(self.columns.find(column)?, operator, &value.into())?;
        self.conditions.push(condition);
        Ok(self)
    }

    /// Adds the conditions of a query string: `name=Ann`, `rating[gte]=1500`, `id[in]=1,2,3`, and the declared
    /// ranges, such as `createdAfter=2026-01-01`.
    ///
    /// # Errors
    /// As [`when`](Self::when).
    pub fn parameters<N, V>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, Rejection>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        pairs.into_iter().try_fold(self, |filter, (name, value)| {
            filter.parameter(name.as_ref(), value.as_ref())
        })
    }

    /// The condition as SQL, whose parameters count from `first`, and the parameters; for statements of one's
    /// own. An empty filter is `TRUE`.
    #[must_use]
    pub fn to_sql(&self, first: usize) -> Predicate {
        let mut params = Vec::new();
        let mut parts = Vec::new();
        for condition in &self.conditions {
            parts.push(condition.to_sql(first + params.len()));
            params.push(condition.value.clone());
        }
        let sql = if parts.is_empty() {
            "TRUE".to_owned()
        } else {
            parts.join(" AND ")
        };
        Predicate { sql, params }
    }

    pub(crate) const fn columns(&self) -> &Columns {
        &self.columns
    }

    fn parameter(self, name: &str, text: &str) -> Result<Self, Rejection> {
        if let Some((column, operator)) = self.range(name) {
            return self.when(column, operator, text);
        }
        let Some((column, operator)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) else {
            return self.when(name, Operator::Eq, text);
        };
        let declared = self.columns.find(column)?;
        let operator = OPERATORS
            .into_iter()
            .find(|known| known.as_str() == operator)
            .ok_or_else(|| no_such_operator(declared, operator))?;
        if operator == Operator::In {
            let values: Vec<&str> = text.split(',').collect();
            return self.when(column, operator, values);
        }
        self.when(column, operator, text)
    }

    fn range(&self, name: &str) -> Option<(&'static str, Operator)> {
        self.columns.all().iter().find_map(|column| {
            if column.after == Some(name) {
                Some((column.name, Operator::Gte))
            } else if column.before == Some(name) {
                Some((column.name, Operator::Lt))
            } else {
                None
            }
        })
    }
}

/// A condition as SQL with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicate {
    sql: String,
    params: Vec<Bind>,
}

impl Predicate {
    /// The SQL, with numbered parameters.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The parameters, in order.
    pub fn params(&self) -> impl Iterator<Item = &(dyn ToSql + Sync)> {
        self.params.iter().map(|bind| bind as _)
    }

    pub(crate) fn into_parts(self) -> (String, Vec<Bind>) {
        (self.sql, self.params)
    }
}

impl Condition {
    fn to_sql(&self, number: usize) -> String {
        let (sql, kind) = (&self.sql, self.kind);
        match self.operator {
            Operator::In => format!("{sql} = ANY({})", kind.array_parameter(number)),
            Operator::Contains => format!("{sql}::text ILIKE '%' || ${number}::text || '%' ESCAPE '!'"),
            Operator::StartsWith => format!("{sql}::text ILIKE ${number}::text || '%' ESCAPE '!'"),
            Operator::IsNull => format!("({sql} IS NULL) = ${number}::text::boolean"),
            operator => format!("{sql} {} {}", operator.comparison(), kind.parameter(number)),
        }
    }
}

fn condition(column: &Column, operator: Operator, value: &Value) -> Result<Condition, Rejection> {
    if !operator.fits(column) {
        return Err(no_such_operator(column, operator.as_str()));
    }
    let encode = |value: &Value, kind: Kind| {
        value.encode(kind).ok_or_else(|| Rejection::Value {
            column: column.name,
            expected: kind.expected(),
        })
    };
    let bind = match (operator, value) {
        (Operator::In, Value::List(values)) => {
            let texts = values.iter().map(|value| encode(value, column.kind));
            Bind::Many(texts.collect::<Result<_, _>>()?)
        }
        (Operator::In, value) => Bind::Many(vec![encode(value, column.kind)?]),
        (Operator::IsNull, value) => Bind::One(encode(value, Kind::Bool)?),
        (Operator::Contains | Operator::StartsWith, value) => Bind::One(escape(&encode(value, column.kind)?)),
        (_, value) => Bind::One(encode(value, column.kind)?),
    };
    Ok(Condition {
        sql: column.sql.clone(),
        kind: column.kind,
        operator,
        value: bind,
    })
}

fn no_such_operator(column: &Column, operator: &str) -> Rejection {
    Rejection::Operator {
        column: column.name,
        operator: operator.to_owned(),
        allowed: OPERATORS
            .into_iter()
            .filter(|operator| operator.fits(column))
            .map(Operator::as_str)
            .collect(),
    }
}

/// Takes the meaning from LIKE's wildcards. `!` escapes, because a backslash depends on a server setting.
fn escape(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

const OPERATORS: [Operator; 10] = [
    Operator::Eq,
    Operator::Ne,
    Operator::Lt,
    Operator::Lte,
    Operator::Gt,
    Operator::Gte,
    Operator::In,
    Operator::Contains,
    Operator::StartsWith,
    Operator::IsNull,
];

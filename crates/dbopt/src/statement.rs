/// Whether a statement may leave something behind in the session: a setting, a lock, a temporary table, an
/// open transaction. Errs on the side of yes; a session that may hold something is cleaned before reuse.
pub(crate) fn may_leave_state(sql: &str) -> bool {
    let sql = sql.trim_start();
    let word = sql
        .find(|c: char| !c.is_ascii_alphabetic())
        .map_or(sql, |end| &sql[..end]);
    !HARMLESS.iter().any(|verb| word.eq_ignore_ascii_case(verb))
        || calls_session_function(sql)
        || selects_into(sql)
}

/// `SELECT ... INTO` makes a table, which may be temporary. The `INTO` of `INSERT` and `MERGE` makes none.
fn selects_into(sql: &str) -> bool {
    let mut before = "";
    sql.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .any(|word| {
            let verb = std::mem::replace(&mut before, word);
            word.eq_ignore_ascii_case("INTO") && !FILLING.iter().any(|known| verb.eq_ignore_ascii_case(known))
        })
}

/// Looks at each underscore, which is cheaper than searching for each name.
fn calls_session_function(sql: &str) -> bool {
    let bytes = sql.as_bytes();
    let matches = |at: usize| {
        SESSION_FUNCTIONS.iter().any(|(before, after)| {
            let start = at.checked_sub(before.len());
            start
                .and_then(|start| bytes.get(start..at + after.len()))
                .is_some_and(|found| {
                    let (left, right) = found.split_at(before.len());
                    left.eq_ignore_ascii_case(before) && right.eq_ignore_ascii_case(after)
                })
        })
    };
    bytes
        .iter()
        .enumerate()
        .any(|(at, &byte)| byte == b'_' && matches(at))
}

const HARMLESS: [&str; 8] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "MERGE", "TABLE",
];

/// What `INTO` follows when the table is there already.
const FILLING: [&str; 2] = ["INSERT", "MERGE"];

/// `set_config`, `pg_advisory_lock` and its variants for a session, split at an underscore.
const SESSION_FUNCTIONS: [(&[u8], &[u8]); 4] = [
    (b"set", b"_config"),
    (b"pg_advisory", b"_lock"),
    (b"pg_try_advisory", b"_lock"),
    (b"dblink", b"_connect"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_queries_leave_nothing() {
        for sql in [
            "SELECT * FROM a_b WHERE set_at > $1",
            "  insert into t values ($1)",
            "with x as (select 1) select pg_advisory_xact_lock(1)",
            "UPDATE t SET a_config = 1",
            "with x as (insert  into t (temp) values (1) returning into_) select * from x",
            "MERGE INTO temp USING x ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
        ] {
            assert!(!may_leave_state(sql), "{sql}");
        }
    }

    #[test]
    fn whatever_touches_the_session_is_seen() {
        for sql in [
            "SET search_path = evil",
            "begin",
            "LISTEN x",
            "/* hint */ SELECT 1",
            "CREATE TEMP TABLE t ()",
            "SELECT PG_ADVISORY_LOCK(1)",
            "SELECT pg_try_advisory_lock_shared(1)",
            "select set_config('a.b', 'c', false)",
            "SELECT 1 AS id\tinto temp t",
            "SELECT 1 AS id INTO/**/TEMPORARY TABLE t",
            "WITH x AS (INSERT INTO a VALUES (1) RETURNING *) SELECT * INTO pg_temp.t FROM x",
            "",
        ] {
            assert!(may_leave_state(sql), "{sql}");
        }
    }
}

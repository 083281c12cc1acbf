//! Every kind of problem in the documented shape.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use groundcrew_envcfg::{Checks, Config, EnvSource, Origin, Problem, Report, Secret, Value, Vars};
use serde_json::Value as Json;

use crate::{json_shape::faults, report::outputs};

/// One problem of every kind that a source and a schema can have.
fn every_kind() -> Vec<Report> {
    #[derive(Debug, Config)]
    #[config(check = Kinds::check)]
    struct Kinds {
        /// Missing
        missing: String,
        missing_secret: Secret,
        #[config(default = 1)]
        unicode: u32,
        unreadable: u32,
        #[config(range(max = 1))]
        rule: u32,
        #[config(alias = "B", default = 1)]
        a: u32,
        file_secret: Option<Secret>,
        #[config(each(range(max = 1)))]
        list: Vec<u32>,
    }
    impl Kinds {
        fn check(&self, checks: &mut Checks<'_, '_>) {
            checks.add("rule", "is no good");
            checks.add("unknown", "is no good");
            checks.add_overall("all is wrong");
        }
    }
    struct Torn;
    impl EnvSource for Torn {
        fn lookup(&self, _: &str) -> Option<Value> {
            None
        }

        fn names(&self) -> Vec<String> {
            vec![String::from("UNREADABL")]
        }

        fn problems(&self) -> Vec<Problem> {
            let (path, line, column) = (".env".into(), 3, 1);
            vec![Problem::syntax(
                Origin::File { path, line, column },
                "expected a name and =",
            )]
        }
    }
    let right = Vars::from([
        ("MISSING", "x"),
        ("MISSING_SECRET", "x"),
        ("UNREADABLE", "1"),
        ("RULE", "1"),
        ("LIST", "1"),
    ]);
    let wrong = Vars::from([
        ("RULE", "2"),
        ("A", "1"),
        ("B", "2"),
        ("FILE_SECRET_FILE", "/no/such"),
        ("LIST", "1,2,x"),
    ])
    .with("UNICODE", OsString::from_vec(vec![0xff]))
    .with("MISING", "x");
    vec![
        Kinds::from_source(&right).unwrap_err(),
        Kinds::from_source(&(wrong, Torn)).unwrap_err(),
        Kinds::from_source(&right.with("UNREADABLE", "x").with("B", "1")).unwrap_err(),
    ]
}

#[test]
fn reports_of_every_kind_have_the_documented_shape() {
    let schema: Json = serde_json::from_str(Report::JSON_SCHEMA).unwrap();
    let mut codes: Vec<String> = Vec::new();

    for (report, again) in every_kind().iter().zip(every_kind()) {
        let json = serde_json::to_string(report).unwrap();
        assert_eq!(json, serde_json::to_string(&again).unwrap());
        assert_eq!(outputs(report), outputs(&again));
        let json: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(faults(&schema, &json), Vec::<String>::new());
        codes.extend(report.iter().map(Problem::code));
    }

    codes.sort();
    codes.dedup();
    assert_eq!(
        codes,
        [
            "check",
            "conflict",
            "file",
            "missing",
            "not_unicode",
            "rule.range",
            "syntax",
            "unreadable"
        ]
    );
    let documented = include_str!("../../docs/report.md");
    for code in codes {
        assert!(documented.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn the_shape_refuses_what_it_does_not_describe() {
    let schema: Json = serde_json::from_str(Report::JSON_SCHEMA).unwrap();
    let faults = |json: &str| faults(&schema, &serde_json::from_str(json).unwrap());

    assert_eq!(
        faults(r#"{"schema": "envcfg.report/1", "problems": [], "warnings": []}"#),
        Vec::<String>::new()
    );
    assert_eq!(
        faults(r#"{"schema": "envcfg.report/2", "problems": [], "warnings": [{}]}"#).len(),
        2
    );
    assert_eq!(
        faults(r#"{"schema": "envcfg.report/1", "problems": {}, "more": 1}"#).len(),
        3
    );
}

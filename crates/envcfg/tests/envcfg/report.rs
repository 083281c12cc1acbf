//! The report in every form: for people, for programs, for pipelines and for Kubernetes.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use std::{ffi::OsString, fs, io, os::unix::ffi::OsStringExt, path::Path, process::ExitCode};

use groundcrew_envcfg::{Checks, Config, EnvSource, Origin, Problem, Report, Secret, Style, Value, Vars};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::json_shape::faults;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

#[derive(Debug, Config)]
struct Settings {
    /// The port to listen on
    #[config(default = 3000, range(min = 1000))]
    port: u16,
    /// How much is logged
    #[config(default = "info")]
    log_level: Level,
    /// Signs the session cookies
    #[config(length(min = 32))]
    auth_secret: Secret,
    /// Where the database is
    database_url: String,
    #[config(each(scheme("https")))]
    origins: Option<Vec<String>>,
    api_token: Secret,
    #[config(alias = "OLD_SIZE", default = 10)]
    pool_size: u32,
    app_name: String,
}

/// A source with a file, as dotenv files are.
struct File {
    path: OsString,
    entries: Vec<(&'static str, &'static str, u32, u32)>,
}

impl EnvSource for File {
    fn lookup(&self, name: &str) -> Option<Value> {
        let (_, text, line, column) = *self.entries.iter().find(|entry| entry.0 == name)?;
        let path = self.path.clone().into();
        Some(Value::new(text, Origin::File { path, line, column }))
    }

    fn names(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.0.to_owned()).collect()
    }
}

pub(crate) fn outputs(report: &Report) -> Vec<String> {
    let style = Style::plain();
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut printed = Vec::new();
    let loud = style.clone().color(true).unicode(true).width(60);
    assert_eq!(
        report.exit_to(&mut printed, &loud, log.path()),
        ExitCode::from(78)
    );
    vec![
        report.to_string(),
        format!("{report:?}"),
        format!("{report:#?}"),
        report.render(&style),
        String::from_utf8(printed).expect("text"),
        report.to_github_annotations(),
        serde_json::to_string(report).expect("plain JSON"),
        fs::read_to_string(log.path()).expect("text"),
        format!("{:?}", report.iter().map(Problem::fix).collect::<Vec<_>>()),
    ]
}

fn wrong() -> (tempfile::TempDir, Report) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".env");
    let content =
        "# ports\n\nexport PORT=\"80x\" # s3cret of old\nORIGINS=https://a, b.example\nDATABSE_URL=x\n";
    fs::write(&path, content).unwrap();
    let entries = vec![
        ("PORT", "80x", 3, 13),
        ("ORIGINS", "https://a, b.example", 4, 9),
        ("DATABSE_URL", "x", 5, 1),
    ];
    let file = File {
        path: path.into(),
        entries,
    };
    let vars = Vars::from([
        ("LOG_LEVEL", "inf"),
        ("AUTH_SECRET", "hunter2"),
        ("POOL_SIZ", "5"),
    ]);
    let report = Settings::from_source(&(vars.origin(Origin::Environment), file)).unwrap_err();
    (dir, report)
}

#[test]
fn the_page_says_all_there_is_to_say() {
    let (dir, report) = wrong();
    let page = report.render(&Style::plain());

    let page = page.replace(dir.path().to_str().unwrap(), "/srv");
    assert_eq!(
        page,
        r#"error: configuration is invalid: 7 problems

 1. PORT = "80x": expected a whole number from 0 to 65535
    from /srv/.env:3:13
      3 | export PORT="80x"
        |              ^^^
    The port to listen on
    fix: PORT=3000 (in /srv/.env, line 3)

 2. LOG_LEVEL = "inf": expected one of error, warn, info, debug
    from environment
    How much is logged
    fix: export LOG_LEVEL=info

 3. AUTH_SECRET = <secret: 7 chars>: must have at least 32 characters
    from environment
    Signs the session cookies
    fix: export AUTH_SECRET="$(openssl rand -base64 48 | tr -d '\n')"

 4. DATABASE_URL is missing
    DATABSE_URL is set but nothing reads it: is it meant for DATABASE_URL?
    Where the database is
    fix: sed -i 's/\bDATABSE_URL\b/DATABASE_URL/' /srv/.env

 5. ORIGINS element 2 = "b.example": must start with https:// and name a host
    from /srv/.env:4:9
      4 | ORIGINS=https://a, b.example
        |                    ^^^^^^^^^

 6. API_TOKEN is missing
    fix: export API_TOKEN_FILE=/run/secrets/api_token

 7. APP_NAME is missing
    fix: export APP_NAME=...

warning: POOL_SIZ is set but nothing reads it: is it meant for POOL_SIZE?
"#
    );
}

#[test]
fn colour_is_added_to_the_same_text() {
    let (_dir, report) = wrong();

    let colored = report.render(&Style::plain().color(true));

    assert!(
        colored.starts_with("\u{1b}[1;31merror\u{1b}[0m: configuration"),
        "{colored}"
    );
    let mut bare = String::new();
    for (index, part) in colored.split("\u{1b}[").enumerate() {
        bare.push_str(if index == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        });
    }
    assert_eq!(bare, report.render(&Style::plain()));
}

#[test]
fn lines_are_wrapped_and_letters_kept_to_what_the_terminal_shows() {
    let report = Settings::from_source(&Vars::from([("PORT", "drei\u{fc}\u{1b}[31m")])).unwrap_err();

    let page = report.render(&Style::plain().width(50));
    let unicode = report.render(&Style::plain().unicode(true));

    assert_eq!(
        page.lines().skip(2).take(3).collect::<Vec<_>>(),
        [
            " 1. PORT = \"drei\\u{fc}\\u{1b}[31m\": expected a whole",
            "    number from 0 to 65535",
            "    from given"
        ]
    );
    assert!(unicode.contains("\"drei\u{fc}\\u{1b}[31m\""), "{unicode}");
    assert!(page.is_ascii() && !unicode.contains('\u{1b}'));
}

#[test]
fn a_line_of_a_file_is_shown_only_if_nothing_in_it_is_secret() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".env");
    fs::write(
        &path,
        "AUTH_SECRET=hunter2\nPORT=postgres://u:hunter2@h\nPORT=1\n",
    )
    .unwrap();
    let page = |name, text, line, column| {
        let entries = vec![(name, text, line, column)];
        let path = path.clone().into_os_string();
        let report = Settings::from_source(&File { path, entries }).unwrap_err();
        report.render(&Style::plain())
    };

    assert!(page("PORT", "1", 3, 6).contains("3 | PORT=1\n"));
    for hidden in [
        page("AUTH_SECRET", "hunter2", 1, 13),
        page("PORT", "postgres://u:hunter2@h", 2, 6),
        page("PORT", "2", 3, 6),
        page("PORT", "1", 300, 6),
        page("PORT", "1", 3, 600),
        page("PORT", "hunter2", 1, 13),
    ] {
        assert!(!hidden.contains("^\n"), "{hidden}");
    }
}

#[test]
fn a_port_that_kubernetes_set_is_told_apart() {
    #[derive(Debug, Config)]
    struct Ports {
        #[config(default = 6379)]
        redis_port: u16,
    }
    let vars = Vars::from([("REDIS_PORT", "tcp://10.0.0.1:6379")]).origin(Origin::Environment);

    let report = Ports::from_source(&vars).unwrap_err();

    assert_eq!(report.problems()[0].fix(), Some("enableServiceLinks: false"));
}

#[test]
fn a_new_secret_has_the_length_that_its_rule_asks_for() {
    #[derive(Debug, Config)]
    struct Lengths {
        #[config(length(min = 100))]
        long_secret: Secret,
        #[config(length(min = 16, max = 32))]
        short_secret: Secret,
        #[config(length(equal = 30))]
        exact_secret: Secret,
    }

    let report = Lengths::from_source(&Vars::new()).unwrap_err();

    let fixes: Vec<_> = report.iter().filter_map(Problem::fix).collect();
    assert_eq!(
        fixes,
        [
            "export LONG_SECRET=\"$(openssl rand -base64 75 | tr -d '\\n')\"",
            "export SHORT_SECRET=\"$(openssl rand -base64 24 | tr -d '\\n')\"",
            "export EXACT_SECRET=\"$(openssl rand -hex 15 | tr -d '\\n')\"",
        ]
    );
}

#[test]
fn a_workflow_of_github_marks_the_line() {
    let (dir, report) = wrong();

    let lines = report
        .to_github_annotations()
        .replace(dir.path().to_str().unwrap(), "/s:r,v");
    let lines: Vec<&str> = lines.lines().collect();

    assert_eq!(lines.len(), 8);
    assert_eq!(
        lines[2],
        "::error title=AUTH_SECRET::AUTH_SECRET = <secret: 7 chars>: must have at least 32 characters%0Afix: export \
         AUTH_SECRET=\"$(openssl rand -base64 48 | tr -d '\\n')\""
    );
    assert!(
        lines[0].contains(",line=3,col=13,title=PORT::PORT = \"80x\": expected"),
        "{}",
        lines[0]
    );
    assert!(
        lines[7].starts_with("::warning title=configuration::POOL_SIZ is set"),
        "{}",
        lines[7]
    );
}

#[test]
fn a_workflow_of_github_takes_no_orders_from_a_value() {
    #[derive(Debug, Config)]
    #[config(check = Echo::check)]
    struct Echo {
        name: String,
    }
    impl Echo {
        fn check(&self, checks: &mut Checks<'_, '_>) {
            checks.add("name", format!("cannot be 100% {}", self.name));
        }
    }
    let vars = Vars::from([("NAME", "a\n::set-env name=PATH::x")]).origin(Origin::File {
        path: "a:b,c%.env".into(),
        line: 1,
        column: 6,
    });

    let overall = Echo::from_source(&vars).unwrap_err().to_github_annotations();
    let placed = Settings::from_source(&vars.with("PORT", "x"))
        .unwrap_err()
        .to_github_annotations();

    assert_eq!(
        overall,
        "::error title=NAME::NAME: cannot be 100%25 a\\n::set-env name=PATH::x\n"
    );
    assert!(
        placed.starts_with("::error file=a%3Ab%2Cc%25.env,line=1,col=6,title=PORT::"),
        "{placed}"
    );
}

struct Broken;

impl io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn the_end_of_a_container_says_why() {
    let (dir, report) = wrong();
    let log = dir.path().join("termination-log");
    let mut printed = Vec::new();

    let code = report.exit_to(&mut printed, &Style::plain(), &log);
    assert_eq!((code, log.exists()), (ExitCode::from(78), false));
    assert_eq!(
        String::from_utf8(printed).unwrap(),
        report.render(&Style::plain())
    );

    fs::write(&log, "").unwrap();
    assert_eq!(
        report.exit_to(&mut Broken, &Style::plain(), &log),
        ExitCode::from(78)
    );
    assert_eq!(fs::read_to_string(&log).unwrap(), report.to_string());

    let mut printed = Vec::new();
    let code = report.exit_to(&mut printed, &Style::plain(), Path::new("/proc/self/mem/none"));
    assert_eq!(code, ExitCode::from(78));
    assert!(!printed.is_empty());
}

#[test]
fn debug_is_the_report_and_not_its_parts() {
    let report = Settings::from_source(&Vars::new()).unwrap_err();

    assert_eq!(format!("{report:?}"), report.to_string());
    assert!(format!("{report:#?}").starts_with("Report {\n    problems: ["));
}

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

#[cfg(feature = "json")]
#[test]
fn json_text_is_one_line() {
    let (_dir, report) = wrong();

    assert_eq!(report.to_json(), serde_json::to_string(&report).unwrap());
    assert!(!report.to_json().contains('\n'));
}

//! The report in every form: for people, for programs, for pipelines and for Kubernetes.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use std::{ffi::OsString, fs, io, path::Path, process::ExitCode};

use groundcrew_envcfg::{Config, EnvSource, Origin, Problem, Report, Secret, Style, Value, Vars};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

#[derive(Debug, Config)]
pub(crate) struct Settings {
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
        ExitCode::from(report.exit_code())
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

pub(crate) fn wrong() -> (tempfile::TempDir, Report) {
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
    fix in line 3: PORT=3000

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
    fix: sed -i '5s/DATABSE_URL *=/DATABASE_URL=/' /srv/.env

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
        ExitCode::from(report.exit_code())
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

#[cfg(feature = "json")]
#[test]
fn json_text_is_one_line() {
    let (_dir, report) = wrong();

    assert_eq!(report.to_json(), serde_json::to_string(&report).unwrap());
    assert!(!report.to_json().contains('\n'));
}

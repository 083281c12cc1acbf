//! What a dotenv file may hold, and what is said about one that is wrong.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::{
    ffi::OsString,
    fs,
    os::unix::{ffi::OsStringExt, fs::PermissionsExt},
    path::Path,
};

use groundcrew_envcfg::{Config, Dotenv, EnvSource, Origin, ProblemKind, Secret, Sources, Vars};
use proptest::prelude::*;

use crate::report::outputs;

#[derive(Debug, Config)]
struct Settings {
    #[config(range(min = 1000))]
    port: u16,
    auth_secret: Option<String>,
    name: Option<String>,
}

/// The value of `A` in `text`.
fn value(text: impl Into<Vec<u8>>) -> String {
    let file = Dotenv::text(".env", text);
    assert_eq!(file.problems(), []);
    let (text, _) = file.lookup("A").expect("a value of A").into_parts();
    text.into_string().unwrap()
}

/// What is wrong with `text`, line by line.
fn problems(file: &Dotenv) -> Vec<String> {
    file.problems().iter().map(ToString::to_string).collect()
}

fn report(source: &impl EnvSource) -> Vec<String> {
    let report = Settings::from_source(source).expect_err("a mistake");
    report.iter().map(ToString::to_string).collect()
}

#[test]
fn a_value_is_what_stands_between_its_limits() {
    let cases = [
        ("A=b", "b"),
        ("  export   A = b c \t # comment", "b c"),
        ("A=a#b", "a#b"),
        ("A=#b", "#b"),
        ("A= # comment", ""),
        ("A=pa$$word`\\n'\"", "pa$$word`\\n'\""),
        ("A='a\\n\"$B\" # no comment'", "a\\n\"$B\" # no comment"),
        (r#"A="a\n\r\t\"\\\$\`\x\'" # comment"#, "a\n\r\t\"\\$`\\x\\'"),
        ("A='one\r\ntwo\rthree\n'\r\n", "one\ntwo\nthree\n"),
        ("\u{feff}A=é 日本\r\nB=c", "é 日本"),
        ("A=1\nA=2\n", "2"),
        ("export=1\nA=2", "2"),
        ("A.b-c=1\nA=2", "2"),
    ];

    for (text, expected) in cases {
        assert_eq!(value(text), expected, "{text:?}");
    }
}

#[test]
fn every_mistake_of_a_file_is_reported_with_those_of_the_fields() {
    let text = "\
# comment
PORT 8080
1NAME=x
NAME=\"a\" b
AUTH_SECRET='hunter2
é = x
OTHER=\"not closed
LAST=80
";
    let file = Dotenv::text("dir/.env", text);

    assert_eq!(
        report(&file),
        [
            "PORT: expected = after the name (from dir/.env:2:6)",
            "expected the name of a variable: a letter or _, then letters, digits, _, - and . (from dir/.env:3:1)",
            "NAME: expected the end of the line after the closing quote, or a comment with a space before its # \
             (from dir/.env:4:10)",
            "AUTH_SECRET: the quote that starts here is not closed (from dir/.env:5:13)",
            "expected the name of a variable: a letter or _, then letters, digits, _, - and . (from dir/.env:6:1)",
            "the quote that starts here is not closed (from dir/.env:7:7)",
        ]
    );
    assert_eq!(file.names(), ["LAST"]);
}

#[test]
fn a_mistake_on_its_line_is_the_only_one_of_a_variable() {
    let file = Dotenv::text(".env", "PORT=\"8080\n");

    assert_eq!(
        report(&file),
        ["PORT: the quote that starts here is not closed (from .env:1:6)"]
    );
}

#[test]
fn a_mistake_in_the_file_and_one_in_a_value_are_two() {
    let sources = Sources::new()
        .with(Vars::from([("PORT", "80")]))
        .dotenv(Dotenv::text(".env", "PORT=\"8080\n"));

    assert_eq!(
        report(&sources),
        [
            "PORT: the quote that starts here is not closed (from .env:1:6)",
            "PORT = \"80\": must be at least 1000 (from given)",
        ]
    );
}

#[test]
fn a_forgotten_quote_does_not_swallow_the_next_variable() {
    let file = Dotenv::text(".env", "A=\"1\nB=\"2\"\nexport C = 'x\nD='y' # c\nE=3\n");

    assert_eq!(
        problems(&file),
        [
            "the quote that starts here is not closed (from .env:1:3)",
            "the quote that starts here is not closed (from .env:3:12)",
        ]
    );
    assert_eq!(file.names(), ["B", "D", "E"]);
}

#[test]
fn a_forgotten_quote_ends_before_an_export_with_any_blank() {
    for blank in [" ", "\t", " \t "] {
        let file = Dotenv::text(".env", format!("A=\"x\nexport{blank}B=\"y\"\nC=z\n"));

        assert_eq!(
            problems(&file),
            ["the quote that starts here is not closed (from .env:1:3)"],
            "{blank:?}"
        );
        assert_eq!(file.names(), ["B", "C"], "{blank:?}");
    }
    let file = Dotenv::text(".env", "export\tA=\"x\"\nexportB=y\n");
    assert_eq!(
        (problems(&file), file.names()),
        (Vec::new(), vec![String::from("A"), String::from("exportB")])
    );
}

#[test]
fn text_behind_a_value_of_several_lines_is_one_mistake() {
    let file = Dotenv::text(".env", "A=\"1\n2\" 3\nB=4\nA B=\"5\n6\"\nC=7");

    assert_eq!(
        problems(&file),
        [
            "expected the end of the line after the closing quote, or a comment with a space before its # \
             (from .env:2:4)",
            "expected = after the name (from .env:4:3)",
        ]
    );
    assert_eq!(file.names(), ["B", "C"]);
}

#[test]
fn a_line_that_is_not_unicode_is_reported_and_the_others_are_read() {
    let file = Dotenv::text(".env", *b"# \xFF\nNAME=\xC3\xA9\xFF\nPORT=8080\nOTHER=a\0b");

    assert_eq!(
        problems(&file),
        [
            "expected text in Unicode (UTF-8) (from .env:2:7)",
            "a value cannot hold a NUL byte (from .env:4:8)",
        ]
    );
    assert_eq!(file.names(), ["PORT"]);
}

#[test]
fn a_value_keeps_its_place() {
    let file = Dotenv::text("conf/.env", "\n\n export PORT = 'x'\n");

    let report = Settings::from_source(&file).unwrap_err();

    let origin = Origin::File {
        path: "conf/.env".into(),
        line: 3,
        column: 16,
    };
    assert_eq!(report.problems()[0].origin(), Some(&origin));
    assert_eq!(report.problems()[0].kind(), ProblemKind::Unreadable);
}

#[test]
fn a_name_that_is_set_twice_is_a_warning_but_not_in_two_files() {
    let file = Dotenv::text(".env", "PORT=80\n\nPORT=8080");

    let loaded = Settings::load(&file).unwrap();

    assert_eq!(loaded.config().port, 8080);
    let warnings: Vec<_> = loaded.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["PORT is set twice, at .env:1:6 and .env:3:6: the last counts"]
    );
}

#[test]
fn references_give_what_is_above_else_what_was_read_before() {
    let text = "\
HOST=localhost
PORT=80
EMPTY=
URL=http://${HOST}:${PORT}/${EMPTY:-none}/${NOPE:-a:-b $5}
DOUBLE=\"${URL} \\${HOST} $HOST ${HOST:?needed}\"
SINGLE='${HOST}'
ESCAPED=\\${HOST}\\n
PORT=${PORT}1
";
    let above = Vars::from([("HOST", "prod"), ("EMPTY", "")]);
    let sources = Sources::new()
        .with(above)
        .dotenv(Dotenv::text(".env", text).interpolated());

    let text = |name| {
        sources
            .lookup(name)
            .unwrap()
            .into_parts()
            .0
            .into_string()
            .unwrap()
    };
    assert_eq!(sources.problems(), []);
    assert_eq!(text("URL"), "http://prod:80/none/a:-b $5");
    assert_eq!(text("DOUBLE"), "http://prod:80/none/a:-b $5 ${HOST} $HOST prod");
    assert_eq!(text("SINGLE"), "${HOST}");
    assert_eq!(text("ESCAPED"), "${HOST}\\n");
    assert_eq!(text("PORT"), "801");
}

#[test]
fn what_is_said_of_a_secret_that_is_not_set_may_be_the_secret_and_is_withheld() {
    #[derive(Debug, Config)]
    struct Settings {
        auth_secret: String,
        licence: Secret,
        motto: String,
    }
    let text = "\
AUTH_SECRET=${AUTH_SECRET:?correct-horse-1}
MOTTO=${API_KEY:?correct-horse-2}
A=${LICENCE:?correct-horse-3}
LICENCE=${HOST:?correct-horse-4}
B=${HOST:?set HOST first}
API_TOKEN=\"${HOST:-x}${PORT:?correct-horse-5}\"
";
    let file = Dotenv::text(".env", text).interpolated();
    let alone: Vec<_> = file
        .problems()
        .iter()
        .map(|problem| problem.message().to_owned())
        .collect();

    let report = Settings::from_source(&file).unwrap_err();

    let withheld = "the variable that is referred to here is not set; the message after :? is withheld, because the \
                    variable is a secret (a default needs :-)";
    let said = "the variable that is referred to here is not set: set HOST first";
    let lines: Vec<_> = report
        .iter()
        .filter_map(|problem| match problem.origin() {
            Some(Origin::File { line, .. }) => Some((*line, problem.message())),
            _ => None,
        })
        .collect();
    let expected = |line| (line, if line == 5 { said } else { withheld });
    assert_eq!(lines, [1, 2, 3, 4, 5, 6].map(expected), "{report}");
    for output in outputs(&report) {
        assert!(!output.contains("correct-horse"), "{output}");
    }
    // Without the configuration only names tell.
    assert_eq!(
        [0, 1, 4, 5].map(|at| &alone[at]),
        [withheld, withheld, said, withheld]
    );
}

#[test]
fn every_reference_that_is_wrong_is_reported_once() {
    let text = "\
A=x${NOPE}
B=${A} ${A:-1}
C=\"
é ${D:?set D first} ${}\"
D=${A-1} ${A:-${B}} ${A:-1
E=${LATER}
LATER=1
F=${1}
G=${BYTES}
";
    let above = Vars::from([("BYTES", OsString::from_vec(vec![0xFF]))]);
    let sources = Sources::new()
        .with(above)
        .dotenv(Dotenv::text(".env", text).interpolated());

    let problems: Vec<_> = sources.problems().iter().map(ToString::to_string).collect();
    let unset = "the variable that is referred to here is neither set above nor has a default (:-)";
    assert_eq!(
        problems,
        [
            format!("{unset} (from .env:1:4)"),
            "the variable that is referred to here is not set: set D first (from .env:4:3)".to_owned(),
            "expected the name of a variable after ${ (write a $ that is one as \\$) (from .env:4:21)"
                .to_owned(),
            "expected }, :- with a default or :? with a message after the name (from .env:5:6)".to_owned(),
            "a reference cannot stand inside another (from .env:5:15)".to_owned(),
            "the reference is not closed with } (from .env:5:21)".to_owned(),
            format!("{unset} (from .env:6:3)"),
            "expected the name of a variable after ${ (write a $ that is one as \\$) (from .env:8:3)"
                .to_owned(),
            "the variable that is referred to here is not Unicode (UTF-8) (from .env:9:3)".to_owned(),
        ]
    );
}

#[test]
fn references_cannot_fill_the_memory() {
    let mut text = String::from("A0=0123456789\n");
    for number in 1..40 {
        text.push_str(&format!("A{number}=${{A{0}}}${{A{0}}}\n", number - 1));
    }
    let file = Dotenv::text(".env", text).interpolated();

    assert_eq!(
        problems(&file),
        ["the references become too long (from .env:17:11)"]
    );
}

#[test]
fn a_file_that_is_missing_is_wrong_unless_it_is_optional() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".env");

    assert_eq!(
        problems(&Dotenv::file(&path)),
        [format!("cannot open {}: entity not found", path.display())]
    );
    assert_eq!(problems(&Dotenv::file(&path).optional()), [""; 0]);
    assert_eq!(problems(&Dotenv::file(dir.path()).optional()).len(), 1);
}

#[test]
fn a_file_has_a_largest_size_and_one_encoding() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".env");
    let problem = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        problems(&Dotenv::file(&path)).join("; ")
    };

    let name = path.display();
    assert_eq!(problem(&[b'#'; 1 << 20]), "");
    assert_eq!(
        problem(&[b'#'; (1 << 20) + 1]),
        format!("cannot read {name}: larger than 1048576 bytes")
    );
    assert_eq!(
        problem(b"\xFF\xFEA\0=\0"),
        format!("cannot read {name}: it is UTF-16, save it as UTF-8")
    );
}

#[test]
fn mistakes_are_counted_when_they_are_too_many_to_show() {
    let file = Dotenv::text(".env", "wrong\n".repeat(2500));

    let problems = problems(&file);

    assert_eq!(problems.len(), 1001);
    assert_eq!(
        problems[1000],
        "1500 more mistakes from here on: is this a dotenv file? (from .env:1001:6)"
    );
}

#[test]
fn a_file_with_secrets_that_every_user_may_read_is_a_warning() {
    let warnings = |mode, text: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let warnings = Dotenv::file(&path).warnings();
        let name = path.display().to_string();
        warnings
            .iter()
            .map(|warning| warning.to_string().replace(&name, ".env"))
            .collect::<Vec<_>>()
    };

    assert_eq!(
        warnings(0o644, "PORT=1\nAUTH_SECRET=x\nAPI_KEY=y"),
        ["every user may read .env, which has AUTH_SECRET: chmod o-r .env"]
    );
    assert_eq!(warnings(0o640, "AUTH_SECRET=x"), [""; 0]);
    assert_eq!(warnings(0o644, "PORT=1\nAUTH_SECRET="), [""; 0]);
}

#[test]
fn debug_shows_no_value() {
    let file = Dotenv::text(".env", "AUTH_SECRET=hunter2");

    assert_eq!(file.names(), ["AUTH_SECRET"]);
    assert_eq!(format!("{file:?}"), "Dotenv { path: \".env\", .. }");
}

/// Pieces that mean something to the parser, and some that mean nothing.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"\n",
        b"\r\n",
        b"=",
        b"\"",
        b"'",
        b"\\",
        b"#",
        b" ",
        b"export ",
        b"A",
        b"${",
        b":-",
        b":?x",
        b"}",
        b"\xFF",
        b"\xC3\xA9",
        b"\xEF\xBB\xBF",
        b"\0",
    ];
    let piece = prop::sample::select(pieces);
    let text = prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat());
    prop_oneof![text, prop::collection::vec(any::<u8>(), 0..60)]
}

fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\r', "\\r")
        .replace('$', "\\$");
    format!("\"{escaped}\"")
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_reported_at_a_place_in_them(text in hostile(), interpolated in any::<bool>()) {
        let file = Dotenv::text(".env", text.clone());
        let file = if interpolated { file.interpolated() } else { file };

        for problem in file.problems() {
            let Some(Origin::File { path, line, column }) = problem.origin() else {
                panic!("no place: {problem}");
            };
            let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
            prop_assert_eq!(path.as_path(), Path::new(".env"));
            prop_assert!((1..=lines).contains(&(*line as usize)));
            prop_assert!((1..=text.len() + 1).contains(&(*column as usize)));
        }
        for name in file.names() {
            prop_assert!(file.lookup(&name).is_some());
        }
    }

    #[test]
    fn a_text_that_is_quoted_is_read_back(text in "[^\0]*", interpolated in any::<bool>()) {
        let file = Dotenv::text(".env", format!("B=1\nA={}\nC=2", quoted(&text)));
        let file = if interpolated { file.interpolated() } else { file };

        prop_assert_eq!(file.problems(), []);
        let (read, _) = file.lookup("A").unwrap().into_parts();
        prop_assert_eq!(read.into_string().unwrap(), text);
        prop_assert_eq!(file.names(), ["A", "B", "C"]);
    }

    #[test]
    fn no_message_holds_text_of_the_file(
        before in hostile(), after in hostile(), interpolated in any::<bool>(),
        canary in prop::sample::select(vec!["CaNaRy", "\nA=${A:?CaNaRy}\n", "\nA=${B:-1}${A:?CaNaRy", "\nA=\"${A:?x CaNaRy"]),
    ) {
        let mut text = before;
        text.extend_from_slice(canary.as_bytes());
        text.extend(after);
        // What follows :? is written to be shown, unless a name says that it may be a secret.
        let mut secret = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            if text[at..].starts_with(b":?") {
                secret.extend_from_slice(b"_PASSWORD");
            }
            secret.push(*byte);
        }
        let file = Dotenv::text(".env", secret);
        let file = if interpolated { file.interpolated() } else { file };

        let shown = format!("{:?}{file:?}", problems(&file));
        prop_assert!(!shown.contains("CaNaRy"), "{}", shown);
    }
}

//! Every fix is something to paste, and sets right what it is given for.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use std::{fs, path::Path, process::Command};

use groundcrew_envcfg::{
    Config, Dotenv, EnvSource, FixIn, Problem, Secret, SecretsDir, Sources, Style, Vars,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Info,
    Warn,
}

#[derive(Debug, Config)]
struct Settings {
    #[config(default = 3000)]
    port: u16,
    #[config(default = "it's on")]
    #[config(length(max = 12))]
    motto: String,
    level: Level,
    #[config(length(min = 32))]
    auth_secret: Secret,
    #[config(min_entropy = 100)]
    session_secret: Secret,
    #[config(alias = "OLD_SIZE")]
    pool_size: u32,
    api_token: Secret,
    #[config(file, default = 5)]
    limit: u16,
}

const RIGHT: &str = "LEVEL=info\nAUTH_SECRET=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4\nSESSION_SECRET=cmFuZG9tLXRleHQtMDEyMzQ1Njc4OQ\n\
                     POOL_SIZE=5\nAPI_TOKEN=t0k3n\n";

fn problem(source: &impl EnvSource) -> Option<Problem> {
    let report = Settings::from_source(source).err()?;
    assert_eq!(report.len(), 1, "{report}");
    report.problems().first().cloned()
}

/// Runs what is to be pasted into a shell.
fn paste(text: &str, dir: &Path) {
    let status = Command::new("sh")
        .args(["-euc", text])
        .current_dir(dir)
        .status()
        .unwrap();
    assert!(status.success(), "{text}");
}

/// Has one line wrong, does what the report says, and loads again.
fn mend(wrong: &[(&str, &str)], place: FixIn) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(".env");
    let mut text = String::from(RIGHT);
    for (line, instead) in wrong {
        text = match text.contains(line) {
            true => text.replace(line, instead),
            false => format!("{text}{instead}\n"),
        };
    }
    fs::write(&path, &text).unwrap();
    let problem = problem(&Dotenv::file(&path)).unwrap();
    let fix = problem.fix().unwrap().to_owned();
    assert_eq!(problem.fix_in(), Some(place), "{fix}");

    match place {
        FixIn::File => {
            let groundcrew_envcfg::Origin::File { line, .. } = problem.origin().unwrap() else {
                unreachable!("{problem}");
            };
            let mut lines: Vec<&str> = text.lines().collect();
            lines[*line as usize - 1] = &fix;
            fs::write(&path, lines.join("\n")).unwrap();
        }
        _ => paste(&fix, dir.path()),
    }

    let left = Settings::from_source(&Dotenv::file(&path)).map_err(|report| report.to_string());
    assert!(
        left.is_ok(),
        "{fix}: {left:?}\n{}",
        fs::read_to_string(&path).unwrap()
    );
    fix.replace(dir.path().to_str().unwrap(), "/srv")
}

#[test]
fn a_value_of_a_file_is_set_right_by_the_line_to_put_there() {
    assert_eq!(mend(&[("PORT=", "PORT=80x")], FixIn::File), "PORT=3000");
    assert_eq!(
        mend(&[("MOTTO=", "export MOTTO='much too long a motto'")], FixIn::File),
        "MOTTO=\"it's on\""
    );
    assert_eq!(mend(&[("LEVEL=info", "LEVEL = warm")], FixIn::File), "LEVEL=warn");
}

#[test]
fn a_default_of_two_lines_stands_on_the_one_line_that_is_wrong() {
    #[derive(Debug, Config)]
    struct Greeting {
        #[config(default = "it's\n`on`", length(max = 9))]
        motto: String,
    }

    let report = Greeting::from_source(&Dotenv::text(".env", "MOTTO=much too long")).unwrap_err();

    let fix = report.problems()[0].fix().unwrap();
    assert_eq!(fix, "MOTTO=\"it's\\n\\`on\\`\"");
    let greeting = Greeting::from_source(&Dotenv::text(".env", fix)).unwrap();
    assert_eq!(greeting.motto, "it's\n`on`");
}

#[test]
fn a_secret_of_a_file_is_made_anew_where_it_stands() {
    assert_eq!(
        mend(
            &[(
                "AUTH_SECRET=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
                "export AUTH_SECRET=short # old"
            )],
            FixIn::Shell
        ),
        "sed -i \"2s|=.*|=$(openssl rand -base64 48 | tr -d '\\n')|\" /srv/.env"
    );
    assert_eq!(
        mend(
            &[(
                "SESSION_SECRET=cmFuZG9tLXRleHQtMDEyMzQ1Njc4OQ",
                "SESSION_SECRET=horse"
            )],
            FixIn::Shell
        ),
        "sed -i \"3s|=.*|=$(openssl rand -base64 48 | tr -d '\\n')|\" /srv/.env"
    );
}

#[test]
fn a_name_of_a_file_is_changed_in_its_line_alone() {
    assert_eq!(
        mend(&[("POOL_SIZE=5", "export POOL_SZE = 5")], FixIn::Shell),
        "sed -i '4s/POOL_SZE *=/POOL_SIZE=/' /srv/.env"
    );
    assert_eq!(
        mend(&[("POOL_SIZE=5", "pool.size=5")], FixIn::Shell),
        "sed -i '4s/pool\\.size *=/POOL_SIZE=/' /srv/.env"
    );
}

#[test]
fn the_other_side_of_a_conflict_is_taken_out() {
    assert_eq!(
        mend(&[("OLD_SIZE=", "OLD_SIZE=6")], FixIn::Shell),
        "sed -i '6d' /srv/.env"
    );
    let vars: Vars = Dotenv::text(".env", RIGHT)
        .names()
        .into_iter()
        .map(|name| (name, ""))
        .collect();
    let vars = vars
        .with("LEVEL", "info")
        .with("AUTH_SECRET", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4")
        .with("SESSION_SECRET", "cmFuZG9tLXRleHQtMDEyMzQ1Njc4OQ")
        .with("API_TOKEN", "t0k3n");
    let both = vars.with("POOL_SIZE", "5").with("OLD_SIZE", "6");
    assert_eq!(problem(&both).unwrap().fix(), Some("unset OLD_SIZE"));
}

#[test]
fn a_value_of_several_lines_is_left_to_whoever_wrote_it() {
    #[derive(Debug, Config)]
    struct Two {
        #[config(alias = "OLD")]
        new: String,
    }

    let file = Dotenv::text(".env", "OLD=\"a\nb\"\nNEW=c\n");

    assert_eq!(Two::from_source(&file).unwrap_err().problems()[0].fix(), None);
}

#[test]
fn files_of_a_secrets_directory_are_set_right_as_files() {
    let mend = |name: &str, text: &str| {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), text).unwrap();
        let source = || {
            let file = RIGHT.replace("AUTH_SECRET=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4\n", "");
            (Dotenv::text(".env", file), SecretsDir::new(dir.path()))
        };
        let fix = problem(&source()).unwrap().fix().unwrap().to_owned();
        paste(&fix, dir.path());
        (
            problem(&source()),
            fix.replace(dir.path().to_str().unwrap(), "/run/secrets"),
        )
    };

    assert_eq!(
        mend("AUTH_SECRT", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"),
        (
            None,
            String::from("mv /run/secrets/AUTH_SECRT /run/secrets/AUTH_SECRET")
        )
    );
    assert_eq!(
        mend("auth_secret", "short"),
        (
            None,
            String::from("openssl rand -base64 48 | tr -d '\\n' > /run/secrets/auth_secret")
        )
    );
}

#[test]
fn a_plain_value_of_a_secret_file_is_written_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("the limit");
    fs::write(&path, "many").unwrap();
    let source = (Dotenv::text(".env", RIGHT), Vars::from([("LIMIT_FILE", &path)]));

    let fix = problem(&source).unwrap().fix().unwrap().to_owned();
    paste(&fix, dir.path());

    assert_eq!(fix, format!("printf %s 5 > '{}'", path.display()));
    assert_eq!(problem(&source), None);
}

#[test]
fn a_name_that_no_shell_can_have_is_not_in_a_command() {
    #[derive(Debug, Config)]
    struct One {
        database_url: String,
    }
    let fix = |name: &str| {
        let report = One::from_source(&Vars::from([(name, "x")])).unwrap_err();
        report.problems()[0].fix().map(str::to_owned)
    };

    assert_eq!(fix("DATABASE-URL").as_deref(), Some("export DATABASE_URL=..."));
    assert_eq!(
        fix("DATABASE_ULR").as_deref(),
        Some("export DATABASE_URL=\"$DATABASE_ULR\"; unset DATABASE_ULR")
    );
}

#[test]
fn a_file_that_is_named_already_is_not_suggested_again() {
    let file = |pointer: &str| {
        let text = RIGHT.replace("API_TOKEN=t0k3n", pointer);
        let problem = problem(&Dotenv::text(".env", text)).unwrap();
        problem.fix().map(str::to_owned)
    };

    assert_eq!(
        file("API_TOKEN_FILE=/no/such").as_deref(),
        Some("API_TOKEN_FILE=/run/secrets/api_token")
    );
    assert_eq!(file("API_TOKEN_FILE=/run/secrets/api_token"), None);
}

#[test]
fn the_page_says_where_to_paste() {
    let page = |source: &dyn EnvSource| {
        Settings::from_source(&source)
            .unwrap_err()
            .render(&Style::plain())
    };
    let text = format!("{RIGHT}PORT=80x\n");

    assert!(page(&Dotenv::text(".env", text.clone())).contains("\n    fix in line 6: PORT=3000\n"));
    assert!(page(&Sources::new().dotenv(Dotenv::text(".env", text))).contains("fix in line 6: "));
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
        even_secret: Secret,
        #[config(length(equal = 31))]
        odd_secret: Secret,
        #[config(length(min = 63, max = 66))]
        narrow_secret: Secret,
    }
    let report = Lengths::from_source(&Vars::new()).unwrap_err();

    let made = report.iter().map(|problem| {
        let name = problem.variable().unwrap();
        let script = format!("{}; printf %s \"${name}\"", problem.fix().unwrap());
        let out = Command::new("sh").args(["-euc", &script]).output().unwrap();
        (name.to_owned(), String::from_utf8(out.stdout).unwrap())
    });
    let made: Vec<_> = made.collect();

    let lengths: Vec<usize> = made.iter().map(|(_, text)| text.len()).collect();
    assert_eq!(lengths, [100, 32, 30, 31, 64]);
    Lengths::from_source(&made.into_iter().collect::<Vars>()).unwrap();
    let fixes: Vec<_> = report.iter().filter_map(Problem::fix).collect();
    assert_eq!(
        fixes[..3],
        [
            "export LONG_SECRET=\"$(openssl rand -base64 75 | tr -d '\\n')\"",
            "export SHORT_SECRET=\"$(openssl rand -base64 24 | tr -d '\\n')\"",
            "export EVEN_SECRET=\"$(openssl rand -base64 24 | tr -d '\\n' | head -c 30)\"",
        ]
    );
}

#[test]
fn a_name_that_is_set_to_nothing_is_not_suggested() {
    let text = RIGHT.replace("POOL_SIZE=5", "POOL_SZE=");

    let problem = problem(&Dotenv::text(".env", text)).unwrap();

    assert_eq!(
        (problem.suggestion(), problem.fix()),
        (None, Some("export POOL_SIZE=..."))
    );
}

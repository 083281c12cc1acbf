//! The report as commands of a GitHub workflow.

use groundcrew_envcfg::{Checks, Config, Origin, Vars};

use crate::report::{Settings, wrong};

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

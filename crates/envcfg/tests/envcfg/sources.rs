//! Which source wins, and what sources say about each other.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt, path::Path};

use groundcrew_envcfg::{Config, Dotenv, EnvSource, Layers, Origin, Sources, Vars};

#[derive(Debug, Config)]
struct Settings {
    node_env: Option<String>,
    who: Option<String>,
    #[config(alias = "SIZE_OLD")]
    size: Option<u32>,
    auth_secret: Option<String>,
    redis_port: Option<u16>,
}

const FILES: [&str; 4] = [".env.production.local", ".env.local", ".env.production", ".env"];

/// A directory with these files, of which each sets `WHO` to its own name.
fn dir(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        fs::write(dir.path().join(file), format!("WHO={file}\n")).unwrap();
    }
    dir
}

fn layered(dir: &Path, env: &Vars) -> Sources {
    let files = Dotenv::layered(dir).profile_from("NODE_ENV", "development");
    Sources::new().with(env.clone()).dotenv(files)
}

fn who(sources: &Sources) -> Option<String> {
    Settings::from_source(sources).unwrap().who
}

fn lines(source: &impl EnvSource) -> Vec<String> {
    let report = Settings::from_source(source).expect_err("a mistake");
    report.iter().map(ToString::to_string).collect()
}

fn warnings(source: &impl EnvSource) -> Vec<String> {
    source.warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn each_source_wins_over_those_below_it() {
    let production = Vars::from([("NODE_ENV", "production")]);
    let secrets = tempfile::tempdir().unwrap();
    fs::write(secrets.path().join("who"), "secrets").unwrap();

    let everything = dir(&FILES);
    let env = production.clone().with("WHO", "env");
    assert_eq!(who(&layered(everything.path(), &env)).as_deref(), Some("env"));

    for (above, winner) in FILES.iter().enumerate() {
        let dir = dir(&FILES[above..]);
        let sources = layered(dir.path(), &production).secrets_dir(secrets.path());
        assert_eq!(who(&sources).as_deref(), Some(*winner));
    }
    let empty = dir(&[]);
    let sources = layered(empty.path(), &production);
    assert_eq!(who(&sources), None);
    assert_eq!(
        who(&sources.secrets_dir(secrets.path())).as_deref(),
        Some("secrets")
    );
}

#[test]
fn a_test_does_not_depend_on_the_machine() {
    let dir = dir(&[".env.local", ".env"]);

    let profile = |name| layered(dir.path(), &Vars::from([("NODE_ENV", name)]));

    assert_eq!(who(&profile("test")).as_deref(), Some(".env"));
    assert_eq!(who(&profile("Test")).as_deref(), Some(".env"));
    assert_eq!(who(&profile("staging")).as_deref(), Some(".env.local"));
}

#[test]
fn without_a_variable_the_default_profile_chooses_the_files() {
    let dir = dir(&[".env.development", ".env.production", ".env"]);

    assert_eq!(
        who(&layered(dir.path(), &Vars::new())).as_deref(),
        Some(".env.development")
    );
    let fixed = Sources::new().dotenv(Dotenv::layered(dir.path()).profile("production"));
    assert_eq!(who(&fixed).as_deref(), Some(".env.production"));
    let none = Sources::new().dotenv(Dotenv::layered(dir.path()));
    assert_eq!(who(&none).as_deref(), Some(".env"));
}

#[test]
fn a_profile_that_a_file_names_is_too_late_and_a_warning() {
    let dir = dir(&[".env.production"]);
    fs::write(dir.path().join(".env"), "NODE_ENV=production").unwrap();

    let sources = layered(dir.path(), &Vars::new());

    let env = dir.path().join(".env");
    assert_eq!(who(&sources), None);
    assert_eq!(
        warnings(&sources),
        [format!(
            "NODE_ENV at {}:1:10 came too late to choose the files, which are those of development: \
             set it in the environment",
            env.display()
        )]
    );
    assert_eq!(
        warnings(&layered(dir.path(), &Vars::from([("NODE_ENV", "test")]))),
        [""; 0]
    );
}

#[test]
fn a_short_name_of_a_profile_reads_the_files_of_the_long_one() {
    let files = dir(&[".env.production", ".env"]);

    for name in ["prod", "Prod ", "production"] {
        let sources = layered(files.path(), &Vars::from([("NODE_ENV", name)]));
        assert_eq!(who(&sources).as_deref(), Some(".env.production"), "{name}");
    }
    let fixed = Sources::new().dotenv(Dotenv::layered(files.path()).profile("prod"));
    assert_eq!(who(&fixed).as_deref(), Some(".env.production"));

    let dir = dir(&[]);
    fs::write(dir.path().join(".env"), "NODE_ENV=dev").unwrap();
    assert_eq!(warnings(&layered(dir.path(), &Vars::new())), [""; 0]);
}

#[test]
fn a_profile_that_is_not_unicode_has_no_files_rather_than_those_of_the_default() {
    let dir = dir(&[".env.development", ".env"]);
    let name = OsString::from_vec(b"production\xFF".to_vec());

    let sources = layered(dir.path(), &Vars::from([("NODE_ENV", name)]));

    let who = sources.lookup("WHO").map(|value| value.into_parts().0);
    assert_eq!(who, Some(OsString::from(".env")));
    assert_eq!(
        warnings(&sources),
        ["NODE_ENV cannot be part of a file name: expected letters, digits, - and _"]
    );
}

#[test]
fn a_profile_that_leads_elsewhere_has_no_files() {
    let dir = dir(&[".env"]);
    fs::create_dir(dir.path().join("sub")).unwrap();

    let sources = layered(
        &dir.path().join("sub"),
        &Vars::from([("NODE_ENV", "x/../../.env")]),
    );

    assert_eq!(who(&sources), None);
    assert_eq!(
        warnings(&sources),
        ["NODE_ENV cannot be part of a file name: expected letters, digits, - and _"]
    );
}

#[test]
fn the_files_to_watch_are_those_of_the_profile_whether_they_exist_or_not() {
    let dir = dir(&[".env"]);

    let sources = layered(dir.path(), &Vars::from([("NODE_ENV", "production")])).secrets_dir("/run/secrets");

    let mut expected: Vec<_> = FILES.iter().rev().map(|file| dir.path().join(file)).collect();
    expected.push("/run/secrets".into());
    assert_eq!(sources.files(), expected);
}

#[test]
fn a_reference_sees_the_files_below_and_the_sources_above() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(".env"), "HOST=localhost\nSCHEME=http\n").unwrap();
    fs::write(dir.path().join(".env.local"), "WHO=${SCHEME}://${HOST}\n").unwrap();

    let sources = Sources::new()
        .with(Vars::from([("SCHEME", "https")]))
        .dotenv(Dotenv::layered(dir.path()).interpolated());

    assert_eq!(who(&sources).as_deref(), Some("https://localhost"));
}

#[test]
fn an_empty_text_is_unset_unless_it_is_allowed() {
    let sources = || {
        Sources::new()
            .with(Vars::from([("WHO", "")]))
            .with(Vars::from([("WHO", "below")]))
    };

    assert_eq!(who(&sources()).as_deref(), Some("below"));
    assert_eq!(who(&sources().allow_empty()).as_deref(), Some(""));
    assert_eq!(who(&Sources::new().allow_empty()), None);
}

#[test]
fn a_secret_and_its_file_contradict_each_other_in_one_source_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    fs::write(&path, "from the file\n").unwrap();
    let path = path.to_str().unwrap();
    let value = || Vars::from([("AUTH_SECRET", "a value")]);
    let file = || Vars::from([("AUTH_SECRET_FILE", path)]);
    let secret = |source: &dyn EnvSource| Settings::from_source(&source).unwrap().auth_secret.unwrap();

    assert_eq!(
        lines(&file().with("AUTH_SECRET", "a value")),
        ["AUTH_SECRET contradicts AUTH_SECRET_FILE: only one may be set (from given)"]
    );
    assert_eq!(secret(&(value(), file())), "a value");
    assert_eq!(secret(&(file(), value())), "from the file");
    assert_eq!(secret(&Layers::new().then(file()).then(value())), "from the file");
    assert_eq!(
        secret(&Sources::new().with(file()).with(value())),
        "from the file"
    );
    assert_eq!(
        secret(&Sources::new().with(Vars::new()).with((value(), file()))),
        "a value"
    );
}

#[test]
fn a_secret_and_its_file_in_two_files_of_a_profile_do_not_contradict_each_other() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret"), "from the file").unwrap();
    let pointer = format!("AUTH_SECRET_FILE={}\n", dir.path().join("secret").display());
    fs::write(dir.path().join(".env"), "AUTH_SECRET=a value\n").unwrap();
    fs::write(dir.path().join(".env.local"), &pointer).unwrap();

    let settings = Settings::from_source(&Dotenv::layered(dir.path())).unwrap();
    assert_eq!(settings.auth_secret.as_deref(), Some("from the file"));

    fs::write(dir.path().join(".env.local"), format!("{pointer}AUTH_SECRET=x")).unwrap();
    assert_eq!(
        lines(&Dotenv::layered(dir.path())),
        [format!(
            "AUTH_SECRET contradicts AUTH_SECRET_FILE: only one may be set (from {}:2:13)",
            dir.path().join(".env.local").display()
        )]
    );
}

#[test]
fn an_old_name_in_a_source_above_wins_over_the_new_name_below() {
    let old = Vars::from([("SIZE_OLD", "1")]);
    let new = Vars::from([("SIZE", "2")]);

    let size = |source: &dyn EnvSource| Settings::from_source(&source).unwrap().size;

    assert_eq!(size(&(old.clone(), new.clone())), Some(1));
    assert_eq!(size(&(new, old.clone())), Some(2));
    assert_eq!(
        lines(&old.with("SIZE", "2")),
        ["SIZE contradicts SIZE_OLD: both are set, to different values (from given)"]
    );
}

#[test]
fn a_service_link_of_kubernetes_is_recognised() {
    let vars = Vars::from([("REDIS_PORT", "tcp://10.0.0.1:6379")]).origin(Origin::Environment);

    assert_eq!(
        lines(&vars),
        [
            "REDIS_PORT = \"tcp://10.0.0.1:6379\": expected a whole number from 0 to 65535 (Kubernetes sets this for \
          the service \"redis\": set enableServiceLinks: false in the pod, or give the service another name)"
        ]
    );
}

#[test]
fn sources_in_sources_keep_their_order() {
    let lower = || Vars::from([("SIZE_OLD", "1")]);
    let inner = || Sources::new().with(Vars::new()).with(lower());
    let below = || Vars::from([("SIZE", "2")]);
    let size = |source: &dyn EnvSource| Settings::from_source(&source).unwrap().size;

    assert_eq!(size(&Sources::new().with(inner()).with(below())), Some(1));
    assert_eq!(size(&Sources::new().with(below()).with(inner())), Some(2));
    assert_eq!(size(&(inner(), below())), Some(1));
    assert_eq!(
        size(&Layers::new().then((Vars::new(), inner())).then(below())),
        Some(1)
    );
    let deep = (0..6).fold(inner(), |inner, _| Sources::new().with(inner));
    assert_eq!(size(&Sources::new().with(deep).with(below())), Some(1));
    let both = Sources::new().with(Sources::new().with(lower().with("SIZE", "2")));
    assert_eq!(
        lines(&both),
        ["SIZE contradicts SIZE_OLD: both are set, to different values (from given)"]
    );
}

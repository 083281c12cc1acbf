//! What a load takes is remembered until its report is written: nothing is opened or asked twice.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    collections::HashMap,
    fs,
    io::{self, PipeReader, Write},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use groundcrew_envcfg::{
    Checks, Config, EnvSource, Layers, Origin, Profile, Report, Secret, SecretsDir, Sources, Value, Vars,
};

use crate::{canary_words::leak, report::outputs};

const CANARY: &str = "correct-horse-battery";

/// How soon a load must be done that waits for nothing.
const SOON: Duration = Duration::from_secs(10);

#[derive(Debug, Config)]
#[config(check = Self::quotes)]
struct Careless {
    auth_secret: Secret,
    mode: Option<String>,
}

impl Careless {
    fn quotes(&self, checks: &mut Checks<'_, '_>) {
        checks.add("mode", format!("does not go with {}", self.auth_secret.expose()));
    }
}

/// A pipe with the secret in it, and a path by which it can be read once.
fn pipe() -> (PipeReader, String) {
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all(CANARY.as_bytes()).unwrap();
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    (reader, path)
}

fn assert_masked(report: &Report) {
    assert_eq!(report.len(), 1, "{report}");
    assert_eq!(report.problems()[0].message(), "does not go with <secret>");
    for output in outputs(report) {
        assert_eq!(leak(&output, CANARY), None, "{output}");
    }
}

#[test]
fn a_secret_of_a_pipe_is_masked_although_it_can_be_read_once_only() {
    let (_reader, path) = pipe();
    let vars = Vars::from([("AUTH_SECRET_FILE", path)]);

    assert_masked(&Careless::from_source(&vars).unwrap_err());
}

#[test]
fn a_named_pipe_is_opened_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let vars = Vars::from([("AUTH_SECRET_FILE", path.clone())]);
    let (sender, receiver) = mpsc::channel();

    let load = thread::spawn(move || sender.send(Careless::from_source(&vars).unwrap_err()));
    fs::write(&path, CANARY).unwrap();

    let report = receiver
        .recv_timeout(SOON)
        .expect("the load waits for a second writer");
    load.join().unwrap().unwrap();
    assert_masked(&report);
}

/// Its check swaps the file with the secret before it quotes the old one.
#[derive(Debug, Config)]
#[config(check = Self::rotates)]
struct Rotated {
    auth_secret: Secret,
    mode: PathBuf,
}

impl Rotated {
    fn rotates(&self, checks: &mut Checks<'_, '_>) {
        fs::write(&self.mode, "another").unwrap();
        checks.add("mode", format!("does not go with {}", self.auth_secret.expose()));
    }
}

#[test]
fn a_secret_is_masked_although_its_file_has_another_one_by_now() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("auth_secret");
    let write = || fs::write(&path, CANARY).unwrap();
    let mode = Vars::from([("MODE", &path)]);
    let pointer = mode.clone().with("AUTH_SECRET_FILE", &path);
    let mounted = || SecretsDir::new(dir.path());

    write();
    assert_masked(&Rotated::from_source(&pointer).unwrap_err());
    write();
    assert_masked(&Rotated::from_source(&(mode.clone(), mounted())).unwrap_err());
    write();
    assert_masked(&Rotated::from_source(&Layers::new().then(mode.clone()).then(mounted())).unwrap_err());
    write();
    let sources = Sources::new().with(mode).secrets_dir(dir.path()).allow_empty();
    assert_masked(&Rotated::from_source(&sources).unwrap_err());
}

/// Gives every value once.
struct Once(Mutex<HashMap<&'static str, Value>>);

impl Once {
    fn new(origin: Origin) -> Self {
        let value = Value::new(CANARY, origin);
        Self(Mutex::new(HashMap::from([("AUTH_SECRET", value)])))
    }
}

impl EnvSource for Once {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.0.lock().unwrap().remove(name)
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

#[test]
fn a_secret_is_masked_although_its_source_gives_it_once_only() {
    let source = || Once::new(Origin::named("once"));

    assert_masked(&Careless::from_source(&source()).unwrap_err());
    assert_masked(&Careless::load(&source()).unwrap_err());
    assert_masked(&Careless::from_source(&(Vars::new(), source())).unwrap_err());
}

#[test]
fn what_only_the_source_knows_for_a_secret_is_one_although_it_is_asked_once() {
    #[derive(Debug, Config)]
    struct Settings {
        #[config(env = "AUTH_SECRET", public)]
        motto: u16,
    }
    let path = PathBuf::from("/run/secrets/auth_secret");

    let report = Settings::from_source(&Once::new(Origin::SecretsDir { path })).unwrap_err();

    assert_eq!(
        report.to_string(),
        "configuration is invalid: 1 problem\n  AUTH_SECRET = <secret: 21 chars>: expected a whole number from 0 to \
         65535 (from /run/secrets/auth_secret)"
    );
}

#[test]
fn a_profile_in_a_pipe_is_read_once() {
    #[derive(Debug, Config)]
    struct Settings {
        #[config(profile, file)]
        node_env: Profile,
        #[config(default(production = 80))]
        port: u16,
        #[config(required_if(node_env = "production"))]
        host: Option<String>,
    }
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all(b"production\n").unwrap();
    drop(writer);
    let vars = Vars::from([
        ("NODE_ENV_FILE", format!("/proc/self/fd/{}", reader.as_raw_fd())),
        ("HOST", "db".to_owned()),
    ]);

    let settings = Settings::from_source(&vars).unwrap();

    assert_eq!(
        (settings.node_env, settings.port, settings.host.as_deref()),
        (Profile::Production, 80, Some("db"))
    );
}

/// A check for `secret`, which has a default, that quotes it.
macro_rules! defaulted {
    ($(#[$attribute:meta])* $secret:ty, |$this:ident| $exposed:expr) => {{
        #[derive(Debug, Config)]
        #[config(check = Self::quotes)]
        struct Settings {
            #[config(profile, default = "development")]
            node_env: Profile,
            $(#[$attribute])*
            auth_secret: $secret,
            mode: Option<String>,
        }
        impl Settings {
            fn quotes(&self, checks: &mut Checks<'_, '_>) {
                let $this = self;
                assert_eq!(self.node_env, Profile::Development);
                checks.add("mode", format!("does not go with {}", $exposed));
                assert_eq!(self.mode, None);
            }
        }
        Settings::from_source(&Vars::new()).unwrap_err()
    }};
}

#[test]
fn a_default_that_is_a_secret_is_masked() {
    let reports = [
        defaulted!(
            #[config(default(development = "correct-horse-battery"))]
            Secret,
            |this| this.auth_secret.expose()
        ),
        defaulted!(
            #[config(default = "correct-horse-battery")]
            Secret,
            |this| this.auth_secret.expose()
        ),
        defaulted!(
            #[config(default = "correct-horse-battery")]
            String,
            |this| this.auth_secret
        ),
        defaulted!(
            #[config(default = Secret::from(CANARY))]
            Secret,
            |this| this.auth_secret.expose()
        ),
        defaulted!(#[config(default = Box::new(Secret::from(CANARY)))] Box<Secret>, |this| this.auth_secret.expose()),
    ];

    for report in reports {
        assert_masked(&report);
    }
}

#[derive(Debug, Config)]
#[config(default, check = Self::quotes)]
struct Given {
    auth_secret: Option<Secret>,
    api_keys: Vec<Secret>,
    mode: Option<String>,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            auth_secret: Some(Secret::from(CANARY)),
            api_keys: vec![Secret::from("staple-of-paper-clips")],
            mode: None,
        }
    }
}

impl Given {
    fn quotes(&self, checks: &mut Checks<'_, '_>) {
        let secret = self.auth_secret.as_ref().map(Secret::expose);
        let key = self.api_keys.first().map(Secret::expose);
        checks.add("mode", format!("has {secret:?} and {key:?}"));
    }
}

#[test]
fn a_secret_of_a_default_struct_is_masked_also_where_it_stands_in() {
    let unset = Given::from_source(&Vars::new()).unwrap_err();
    let wrong = Vars::new().with("AUTH_SECRET_FILE", Path::new("/nonexistent"));
    let wrong = Given::from_source(&wrong).unwrap_err();

    for (report, problems) in [(&unset, 1), (&wrong, 2)] {
        assert_eq!(report.len(), problems, "{report}");
        let last = report.problems().last().unwrap();
        assert_eq!(last.message(), "has Some(\"<secret>\") and Some(\"<secret>\")");
    }
}

#[test]
fn a_default_that_is_not_in_force_hides_no_other_value() {
    #[derive(Debug, Config)]
    struct Settings {
        #[config(default = "postgres")]
        db_password: Secret,
        #[config(length(max = 3))]
        db_user: String,
    }
    let vars = Vars::from([("DB_PASSWORD", "hunter2"), ("DB_USER", "postgres")]);

    let report = Settings::from_source(&vars).unwrap_err();

    assert!(
        report.to_string().contains("DB_USER = \"postgres\": "),
        "{report}"
    );
    let fields = Settings::fields();
    assert_eq!((fields[0].default.as_deref(), fields[0].secret), (None, true));
    assert!(!format!("{fields:?}").contains("\"postgres\""), "{fields:?}");
    assert_eq!(
        Settings::from_source(&vars.with("DB_USER", "app")).map(|s| s.db_password.expose().clone()),
        Ok(String::from("hunter2"))
    );
}

#[cfg(feature = "preflight")]
mod preflight {
    use groundcrew_envcfg::preflight::{ServiceCheck, Startup, Verdict};

    use super::*;

    #[derive(Debug, Config)]
    struct Service {
        auth_secret: Secret,
    }

    /// No part of the service.
    #[derive(Debug, Config)]
    struct Tool {
        auth_secret: Secret,
    }

    /// Takes for plain what the tool takes for a secret.
    #[derive(Debug, Config)]
    struct Open {
        #[config(public)]
        auth_secret: String,
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_part_takes_for_a_secret_is_masked_in_all() {
        let startup = Startup::<Open>::new()
            .service("whole", |open: &Open| {
                refuses(&Secret::from(open.auth_secret.as_str()))
            })
            .service("tool", |tool: &Tool| refuses(&tool.auth_secret));

        assert_quoted(
            &startup
                .run(&Vars::from([("AUTH_SECRET", CANARY)]))
                .await
                .unwrap_err(),
        );
    }

    fn refuses(secret: &Secret) -> ServiceCheck {
        let words = format!("does not go with {}", secret.expose());
        let check = move || {
            let words = words.clone();
            async move { Verdict::unhealthy(words) }
        };
        ServiceCheck::new(check).once()
    }

    #[tokio::test(start_paused = true)]
    async fn the_loads_of_one_start_read_a_pipe_once_and_what_services_quote_of_it_is_masked() {
        let (_reader, path) = pipe();
        let vars = Vars::from([("AUTH_SECRET_FILE", path)]);
        let startup = Startup::<Service>::new()
            .service("whole", |service: &Service| refuses(&service.auth_secret))
            .service("tool", |tool: &Tool| refuses(&tool.auth_secret));

        assert_quoted(&startup.run(&vars).await.unwrap_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_loads_of_one_start_ask_a_source_once() {
        let startup = Startup::<Service>::new()
            .service("whole", |service: &Service| refuses(&service.auth_secret))
            .service("tool", |tool: &Tool| refuses(&tool.auth_secret));

        assert_quoted(&startup.run(&Once::new(Origin::named("once"))).await.unwrap_err());
    }

    fn assert_quoted(report: &Report) {
        let messages: Vec<_> = report.iter().map(groundcrew_envcfg::Problem::message).collect();
        let said = |service: &str| format!("service {service}: does not go with <secret>");
        assert_eq!(messages, [said("whole"), said("tool")], "{report}");
        for output in outputs(report) {
            assert_eq!(leak(&output, CANARY), None, "{output}");
        }
    }
}

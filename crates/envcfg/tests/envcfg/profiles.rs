//! Defaults that differ from profile to profile, and which profile a load takes.

use std::time::Duration;

use groundcrew_envcfg::{ByteSize, Config, EnvSource, Profile as StandardProfile, Vars};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Profile {
    Development,
    #[serde(alias = "prod")]
    Production,
}

#[derive(Debug, Config)]
struct Settings {
    #[config(default = 3000, default(production = 80))]
    port: u16,
    #[config(default = "10MiB", default(development = "1MiB", production = "64k"))]
    max_payload: ByteSize,
    #[config(default(development = "5s", blue = "1m"), unit = "s")]
    timeout: Option<Duration>,
    // Below the others, to show that the order of declaration does not matter.
    #[config(profile, env = "NODE_ENV", alias = "APP_ENV", default = "development")]
    profile: Profile,
    #[config(nested, prefix = "WS_")]
    websocket: WebSocket,
}

#[derive(Debug, Config)]
struct WebSocket {
    #[config(default = 3001, default(production = 443))]
    #[validate(range(min = 100))]
    port: u16,
    #[config(default(development = "let-me-in"))]
    token: String,
}

fn load(vars: Vars) -> Settings {
    Settings::from_source(&vars.with("WS_TOKEN", "t")).expect("all is set")
}

#[test]
fn a_default_of_the_profile_comes_before_the_default_for_all() {
    let production = load(Vars::from([("NODE_ENV", "production")]));

    assert_eq!((production.port, production.websocket.port), (80, 443));
    assert_eq!(production.max_payload, ByteSize::new(64 << 10));
    assert_eq!(production.timeout, None);
}

#[test]
fn a_variable_that_is_set_comes_before_every_default() {
    let production = load(Vars::from([("NODE_ENV", "production"), ("PORT", "8080")]));

    assert_eq!((production.port, production.websocket.port), (8080, 443));
}

#[test]
fn without_the_variable_the_default_of_the_profile_field_decides() {
    let development = Settings::from_source(&Vars::new()).unwrap();

    assert_eq!(development.profile, Profile::Development);
    assert_eq!(development.max_payload, ByteSize::new(1 << 20));
    assert_eq!(development.timeout, Some(Duration::from_secs(5)));
    assert_eq!(development.websocket.token, "let-me-in");
}

#[test]
fn short_names_and_old_variables_say_the_profile_too() {
    assert_eq!(load(Vars::from([("NODE_ENV", "prod")])).port, 80);
    assert_eq!(load(Vars::from([("APP_ENV", "production")])).port, 80);
}

#[test]
fn what_only_another_profile_defaults_is_missing() {
    let report = Settings::from_source(&Vars::from([("NODE_ENV", "production")])).unwrap_err();

    let missing: Vec<_> = report.iter().map(|problem| problem.variable()).collect();
    assert_eq!(missing, [Some("WS_TOKEN")]);
}

#[derive(Debug, Config)]
struct Scoped {
    #[config(nested, prefix = "BLUE_")]
    blue: Stage,
    #[config(nested, prefix = "GREEN_")]
    green: Stage,
    #[config(nested, prefix = "WS_")]
    websocket: WebSocket,
    #[config(default = 3000, default(production = 80))]
    port: u16,
}

#[derive(Debug, Config)]
struct Stage {
    // Below what it decides.
    #[config(default = 1, default(production = 2))]
    size: u32,
    #[config(nested, prefix = "DEEP_")]
    deep: Deep,
    #[config(profile, default = "development")]
    profile: Profile,
}

#[derive(Debug, Config)]
struct Deep {
    #[config(default = 10, default(production = 20))]
    size: u32,
}

#[test]
fn the_profile_of_a_nested_struct_holds_for_itself_and_those_nested_in_it_alone() {
    let vars = Vars::from([("BLUE_PROFILE", "production"), ("WS_TOKEN", "t")]);

    let scoped = Scoped::from_source(&vars).unwrap();

    assert_eq!((scoped.blue.size, scoped.blue.deep.size), (2, 20));
    assert_eq!((scoped.green.size, scoped.green.deep.size), (1, 10));
    assert_eq!((scoped.websocket.port, scoped.port), (3001, 3000));
}

#[derive(Debug, Config)]
struct Ruled {
    #[config(profile, env = "NODE_ENV")]
    profile: Profile,
    #[config(nested, prefix = "BLUE_")]
    blue: Stage,
    #[config(nested, prefix = "GREEN_")]
    green: Option<Stage>,
}

#[test]
fn the_profile_of_an_outer_struct_comes_before_that_of_a_nested_one() {
    let vars = Vars::from([
        ("NODE_ENV", "production"),
        ("BLUE_PROFILE", "development"),
        ("GREEN_PROFILE", "development"),
    ]);

    let ruled = Ruled::from_source(&vars).unwrap();

    let green = ruled.green.unwrap();
    assert_eq!((ruled.blue.size, ruled.blue.deep.size), (2, 20));
    assert_eq!((green.size, green.deep.size), (2, 20));
    assert_eq!(ruled.profile, Profile::Production);
    assert_eq!(
        (ruled.blue.profile, green.profile),
        (Profile::Development, Profile::Development)
    );
}

#[test]
fn a_struct_loaded_alone_has_the_defaults_for_all() {
    let alone = WebSocket::from_source(&Vars::from([("TOKEN", "t"), ("NODE_ENV", "production")])).unwrap();

    assert_eq!(alone.port, 3001);
}

/// Which profile the port tells.
fn port<C: Config>(source: &dyn EnvSource, port: impl Fn(&C) -> u16) -> u16 {
    port(&C::from_source(&source).expect("nothing is required"))
}

#[test]
fn a_default_that_is_an_expression_says_the_profile_too() {
    #[derive(Debug, Config)]
    struct ByExpression {
        #[config(profile, default = StandardProfile::Production)]
        node_env: StandardProfile,
        #[config(default = 3000, default(production = 80))]
        port: u16,
    }

    #[derive(Debug, Config)]
    struct ByTrait {
        #[config(profile, default)]
        node_env: Blue,
        #[config(default = 3000, default(blue = 81))]
        port: u16,
    }

    #[derive(Debug, Default, serde::Deserialize)]
    struct Blue(String);

    impl std::fmt::Display for Blue {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(if self.0.is_empty() { "blue" } else { &self.0 })
        }
    }

    let none = Vars::new();
    let dev = Vars::from([("NODE_ENV", "dev")]);
    assert_eq!(port::<ByExpression>(&none, |read| read.port), 80);
    assert_eq!(port::<ByExpression>(&dev, |read| read.port), 3000);
    assert_eq!(port::<ByTrait>(&none, |read| read.port), 81);
    assert_eq!(port::<ByTrait>(&dev, |read| read.port), 3000);
    let loaded = ByExpression::from_source(&none).expect("nothing is required");
    assert!(loaded.node_env.is_production());
    let loaded = ByTrait::from_source(&dev).expect("nothing is required");
    assert_eq!(loaded.node_env.to_string(), "dev");
}

#[test]
fn a_default_of_the_struct_or_of_one_around_it_says_the_profile_too() {
    #[derive(Debug, Config)]
    #[config(default)]
    struct Whole {
        #[config(profile)]
        node_env: StandardProfile,
        #[config(default(staging = 82))]
        port: u16,
        #[config(nested, prefix = "SUB_")]
        sub: Sub,
    }

    #[derive(Debug, Config)]
    struct Sub {
        #[config(profile, env = "MODE", default = "development")]
        mode: StandardProfile,
        #[config(default = 1, default(development = 2, staging = 3, production = 4))]
        port: u16,
    }

    #[derive(Debug, Config)]
    #[config(default)]
    struct Around {
        #[config(nested, prefix = "SUB_")]
        sub: Sub,
    }

    impl Default for Whole {
        fn default() -> Self {
            let sub = Around::default().sub;
            Self {
                node_env: StandardProfile::Staging,
                port: 3000,
                sub,
            }
        }
    }

    impl Default for Around {
        fn default() -> Self {
            Self {
                sub: Sub {
                    mode: StandardProfile::Production,
                    port: 5,
                },
            }
        }
    }

    let none = Vars::new();
    assert_eq!(port::<Whole>(&none, |read| read.port), 82);
    assert_eq!(port::<Whole>(&none, |read| read.sub.port), 3);
    assert_eq!(port::<Sub>(&none, |read| read.port), 2);
    assert_eq!(port::<Around>(&none, |read| read.sub.port), 4);
    let whole = Whole::from_source(&none).expect("nothing is required");
    assert_eq!(
        (whole.node_env, whole.sub.mode),
        (StandardProfile::Staging, StandardProfile::Production)
    );
}

#[test]
fn an_old_name_in_a_source_above_and_a_file_say_the_profile() {
    #[derive(Debug, Config)]
    struct Settings {
        #[config(profile, env = "NODE_ENV", alias = "APP_ENV", file)]
        profile: StandardProfile,
        #[config(default = 3000, default(production = 80, staging = 81))]
        port: u16,
    }

    let old = Vars::from([("APP_ENV", "production")]);
    let new = Vars::from([("NODE_ENV", "staging")]);
    assert_eq!(
        port::<Settings>(&(old.clone(), new.clone()), |read| read.port),
        80
    );
    assert_eq!(
        port::<Settings>(&(new.clone(), old.clone()), |read| read.port),
        81
    );

    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "production\n").expect("written");
    let by_file = Vars::from([("NODE_ENV_FILE", file.path())]);
    assert_eq!(port::<Settings>(&(by_file, new), |read| read.port), 80);
    let settings = Settings::from_source(&old).expect("the profile is set");
    assert!(settings.profile.is_production());
}

#[test]
fn check_defaults_tells_what_is_wrong_in_any_profile() {
    #[derive(Debug, Config)]
    struct Checked {
        #[config(profile, default = "development")]
        node_env: StandardProfile,
        #[config(default = String::from("right"), default(development = "wrong", production = "bad"))]
        #[validate(custom(function = is_right))]
        word: String,
        #[config(nested, prefix = "SUB_")]
        sub: Option<Below>,
        #[config(default = String::from("lost"), default(production = "right"))]
        #[validate(custom(function = is_right))]
        other: String,
    }

    #[derive(Debug, Config)]
    struct Below {
        #[config(default(prod = "soon", blue = "later"))]
        profile: Option<StandardProfile>,
    }

    fn is_right(word: &str) -> Result<(), validator::ValidationError> {
        match word {
            "right" => Ok(()),
            _ => Err(validator::ValidationError::new("not_right")),
        }
    }

    let report = Checked::check_defaults().expect_err("five are wrong");

    let found: Vec<(Option<&str>, &str)> = report
        .iter()
        .map(|problem| (problem.variable(), problem.message()))
        .collect();
    let unknown = "expected one of development, test, staging, production";
    assert_eq!(
        found,
        [
            (Some("WORD"), "not_right (the default in development)"),
            (Some("WORD"), "not_right (the default in production)"),
            (
                Some("SUB_PROFILE"),
                format!("{unknown} (the default in production)").as_str()
            ),
            (
                Some("SUB_PROFILE"),
                format!("{unknown} (the default in blue)").as_str()
            ),
            (Some("OTHER"), "not_right"),
        ]
    );
    let checked = Checked::from_source(&Vars::from([("WORD", "right"), ("OTHER", "right")]));
    let checked = checked.expect("what is wrong is not used");
    assert!(checked.node_env.is_development() && checked.sub.is_none_or(|sub| sub.profile.is_none()));
    assert_eq!(
        (checked.word.as_str(), checked.other.as_str()),
        ("right", "right")
    );
}

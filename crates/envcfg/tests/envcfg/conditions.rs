//! Which value a condition looks at: that which the load takes in the end.

use groundcrew_envcfg::{Config, EnvSource, Profile, Secret, Vars};
use serde::Deserialize;

fn lines(report: &groundcrew_envcfg::Report) -> Vec<String> {
    report.iter().map(ToString::to_string).collect()
}

fn problems<C: Config>(source: &dyn EnvSource) -> Vec<String> {
    C::from_source(&source).map_or_else(|report| lines(&report), |_| Vec::new())
}

#[derive(Debug, Config)]
struct ByProfile {
    #[config(profile, default = "development")]
    node_env: String,
    #[config(default = "file", default(production = "s3"), alias = "STORAGE")]
    store: String,
    #[config(required_if(STORE = "s3"))]
    bucket: Option<String>,
    #[config(required_if(STORE = "file"))]
    directory: Option<String>,
}

#[test]
fn a_condition_sees_the_default_of_the_profile() {
    let directory = "DIRECTORY is missing: required because STORE is file";
    let bucket = "BUCKET is missing: required because STORE is s3";

    assert_eq!(problems::<ByProfile>(&Vars::new()), [directory]);
    let production = Vars::from([("NODE_ENV", "prod")]);
    assert_eq!(problems::<ByProfile>(&production), [bucket]);
    assert_eq!(
        problems::<ByProfile>(&production.with("STORE", "file")),
        [directory]
    );
}

#[test]
fn an_old_name_in_a_source_above_decides_a_condition() {
    let old = Vars::from([("STORAGE", "s3")]);
    let new = Vars::from([("STORE", "file")]);

    assert_eq!(
        problems::<ByProfile>(&(old.clone(), new.clone())),
        ["BUCKET is missing: required because STORE is s3"]
    );
    assert_eq!(
        problems::<ByProfile>(&(new, old)),
        ["DIRECTORY is missing: required because STORE is file"]
    );
}

#[derive(Debug, Clone, Config)]
struct Inner {
    #[config(default = "smtp")]
    kind: String,
    mode: Option<String>,
    #[config(required_if(KIND = "smtp"))]
    host: Option<String>,
    #[config(required_if(KIND = "http"))]
    url: Option<String>,
    #[config(required_if(MODE = "strict"))]
    seal: Option<String>,
}

#[derive(Debug, Config)]
#[config(default)]
struct Outer {
    #[config(nested, prefix = "MAIL_")]
    mail: Inner,
}

impl Default for Outer {
    fn default() -> Self {
        Self {
            mail: Inner {
                kind: String::from("http"),
                mode: Some(String::from("strict")),
                host: None,
                url: None,
                seal: None,
            },
        }
    }
}

#[test]
fn a_condition_sees_the_default_that_an_outer_struct_gives() {
    assert_eq!(
        problems::<Outer>(&Vars::new()),
        [
            "MAIL_URL is missing: required because MAIL_KIND is http",
            "MAIL_SEAL is missing: required because MAIL_MODE is strict",
        ]
    );
    assert_eq!(
        problems::<Inner>(&Vars::new()),
        ["HOST is missing: required because KIND is smtp"]
    );
}

#[derive(Debug, Config)]
#[config(prefix = "STORE_")]
struct Store {
    #[config(alias = "TYPE", alias = "BACKEND", file)]
    kind: Option<String>,
    #[config(env = "TOKEN", alias = "KEY")]
    token: Option<Secret>,
}

#[test]
fn a_condition_knows_every_name_of_a_variable_in_another_struct() {
    let owner = "OWNER is missing: required because EU_STORE_TOKEN is set";
    let region = "REGION is missing: required because EU_STORE_KIND is s3";
    let directory = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = directory.path().join(text);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path
    };

    assert_eq!(problems::<Renamed>(&Vars::new()), [""; 0]);
    for name in ["EU_STORE_TOKEN", "EU_STORE_KEY"] {
        assert_eq!(problems::<Renamed>(&Vars::from([(name, "hV2sT0qk")])), [owner]);
    }
    let by_file = Vars::from([("EU_STORE_TOKEN_FILE", file("hV2sT0qk"))]);
    assert_eq!(problems::<Renamed>(&by_file), [owner]);
    for name in ["EU_STORE_KIND", "EU_STORE_TYPE", "EU_STORE_BACKEND"] {
        assert_eq!(problems::<Renamed>(&Vars::from([(name, "S3")])), [region]);
    }
    let by_file = Vars::from([("EU_STORE_KIND_FILE", file("s3"))]);
    assert_eq!(problems::<Renamed>(&by_file), [region]);
    let other = Vars::from([("EU_STORE_KIND_FILE", file("local"))]);
    assert_eq!(problems::<Renamed>(&other), [""; 0]);
}

#[derive(Debug, Config)]
struct Renamed {
    #[config(nested, prefix = "EU_")]
    store: Store,
    #[config(required_with(EU_STORE_TOKEN))]
    owner: Option<String>,
    #[config(required_if(EU_STORE_KIND = "s3"))]
    region: Option<String>,
}

#[test]
fn a_file_with_the_value_decides_a_condition_before_the_default() {
    #[derive(Debug, Config)]
    struct Settings {
        #[config(default = "tcp", file)]
        link: String,
        #[config(required_if(LINK = "tcp"))]
        port: Option<u16>,
        #[config(required_if(LINK = "unix"))]
        socket: Option<String>,
    }

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("link");
    std::fs::write(&path, "unix").unwrap();

    assert_eq!(
        problems::<Settings>(&Vars::from([("LINK_FILE", path)])),
        ["SOCKET is missing: required because LINK is unix"]
    );
    assert_eq!(
        problems::<Settings>(&Vars::new()),
        ["PORT is missing: required because LINK is tcp"]
    );
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stage {
    #[serde(alias = "stage")]
    Staging,
    Test,
}

#[derive(Debug, Config)]
struct Named {
    #[config(profile, default = "dev")]
    node_env: String,
    app_env: Option<Profile>,
    stage: Option<Stage>,
    label: Option<String>,
    #[config(required_if(NODE_ENV = "development"))]
    by_profile: Option<String>,
    #[config(required_if(APP_ENV = "prod"))]
    by_type: Option<String>,
    #[config(required_if(STAGE = "staging"))]
    by_own_type: Option<String>,
    #[config(required_if(LABEL = "production"))]
    by_text: Option<String>,
    #[config(required_if(RAILS_ENV = "production"))]
    by_another: Option<String>,
    #[config(nested, prefix = "DB_")]
    db: Below,
}

#[derive(Debug, Config)]
struct Below {
    #[config(required_if(NODE_ENV = "Production"))]
    url: Option<String>,
}

#[test]
fn a_profile_decides_a_condition_by_each_of_its_names() {
    let required = |name: &str, because: &str| vec![format!("{name} is missing: required because {because}")];
    let with =
        |name: &str, value: &str| problems::<Named>(&Vars::from([("NODE_ENV", "test"), (name, value)]));

    assert_eq!(
        problems::<Named>(&Vars::new()),
        required("BY_PROFILE", "NODE_ENV is development")
    );
    for spelling in ["dev", "DEV", "Development "] {
        assert_eq!(
            problems::<Named>(&Vars::from([("NODE_ENV", spelling)])),
            required("BY_PROFILE", "NODE_ENV is development"),
            "{spelling:?}"
        );
    }
    for spelling in ["prod", "PROD", "Production "] {
        assert_eq!(with("APP_ENV", spelling), required("BY_TYPE", "APP_ENV is prod"));
        assert_eq!(
            with("RAILS_ENV", spelling),
            required("BY_ANOTHER", "RAILS_ENV is production")
        );
        assert_eq!(
            problems::<Named>(&Vars::from([("NODE_ENV", spelling)])),
            required("DB_URL", "NODE_ENV is Production")
        );
    }
    assert_eq!(
        with("STAGE", "stage"),
        required("BY_OWN_TYPE", "STAGE is staging")
    );
    // A text is no profile unless its field says so.
    assert_eq!(with("LABEL", "prod"), Vec::<String>::new());
    assert_eq!(
        with("LABEL", "Production"),
        required("BY_TEXT", "LABEL is production")
    );
    assert_eq!(with("APP_ENV", "staging"), Vec::<String>::new());
}

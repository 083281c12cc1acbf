use groundcrew_envcfg::{Config, Profile, Vars};

#[derive(Debug, Config)]
struct Settings {
    node_env: Profile,
    #[config(default = "development")]
    deploy_env: Profile,
}

#[test]
fn a_profile_is_read_by_either_of_its_names() {
    let vars = Vars::from([("NODE_ENV", "PROD")]);

    let settings = Settings::from_source(&vars).unwrap();

    assert!(settings.node_env.is_production());
    assert!(settings.deploy_env.is_development());
}

#[test]
fn an_unknown_profile_is_told_every_full_name() {
    let vars = Vars::from([("NODE_ENV", "prd")]);

    let report = Settings::from_source(&vars).unwrap_err();

    assert_eq!(
        report.to_string(),
        "configuration is invalid: 1 problem\n  \
         NODE_ENV = \"prd\": expected one of development, test, staging, production (from given)"
    );
}

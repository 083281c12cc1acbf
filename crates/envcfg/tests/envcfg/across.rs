//! Rules between fields: conditions, checks, and that they are told beside everything else.

use groundcrew_envcfg::{Checks, Config, Vars};

fn lines(report: &groundcrew_envcfg::Report) -> Vec<String> {
    report.iter().map(ToString::to_string).collect()
}

#[derive(Debug, Config)]
#[config(check(ports_differ, port, ws_port), check = Self::not_both)]
struct Server {
    #[config(default = 3000)]
    #[validate(range(min = 1000))]
    port: u16,
    workers: u16,
    #[config(default = 3001)]
    ws_port: u16,
    #[config(default = false)]
    read_only: bool,
    #[config(default = false)]
    migrate: bool,
}

fn ports_differ(port: u16, ws_port: u16, checks: &mut Checks<'_, '_>) {
    if port == ws_port {
        checks.add("ws_port", "must not be the same as PORT");
    }
}

impl Server {
    fn not_both(&self, checks: &mut Checks<'_, '_>) {
        if self.read_only && self.migrate {
            checks.add_overall("a read-only server migrates nothing");
        }
    }
}

#[test]
fn a_check_of_two_fields_runs_although_a_third_is_wrong() {
    let vars = Vars::from([("PORT", "3001"), ("WORKERS", "many")]);

    assert_eq!(
        lines(&Server::from_source(&vars).unwrap_err()),
        [
            "WORKERS = \"many\": expected a whole number from 0 to 65535 (from given)",
            "WS_PORT: must not be the same as PORT",
        ]
    );
}

#[test]
fn a_check_waits_for_the_fields_it_takes() {
    let vars = Vars::from([("PORT", "80"), ("WS_PORT", "80"), ("WORKERS", "2")]);

    assert_eq!(
        lines(&Server::from_source(&vars).unwrap_err()),
        ["PORT = \"80\": must be at least 1000 (from given)"]
    );
}

#[test]
fn problems_of_checks_stand_where_their_field_is_declared() {
    #[derive(Debug, Config)]
    struct Outer {
        first: u8,
        #[config(nested, prefix = "A_")]
        a: Server,
        #[config(nested, prefix = "B_")]
        b: Server,
        last: u8,
    }

    let vars = Vars::from([
        ("A_WORKERS", "1"),
        ("A_PORT", "3001"),
        ("B_WORKERS", "1"),
        ("B_READ_ONLY", "yes"),
        ("B_MIGRATE", "yes"),
    ]);

    assert_eq!(
        lines(&Outer::from_source(&vars).unwrap_err()),
        [
            "FIRST is missing",
            "A_WS_PORT: must not be the same as PORT",
            "a read-only server migrates nothing",
            "LAST is missing",
        ]
    );
}

#[derive(Debug, Config)]
#[config(default, check = Self::fits)]
struct Queue {
    size: u64,
    line: u64,
    depth: u64,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            size: 1000,
            line: 100,
            depth: 1,
        }
    }
}

impl Queue {
    fn fits(&self, checks: &mut Checks<'_, '_>) {
        if self.size < self.line {
            checks.add_between(&["size", "line"], "must be at least LINE");
        }
        if self.depth == 0 {
            checks.add("depth", "must not be 0");
        }
        if self.size * self.line * self.depth == 0 {
            checks.add_overall("nothing fits");
        }
    }
}

#[test]
fn a_check_of_a_struct_with_defaults_runs_although_a_field_is_wrong() {
    let vars = Vars::from([("SIZE", "many"), ("DEPTH", "0")]);

    assert_eq!(
        lines(&Queue::from_source(&vars).unwrap_err()),
        [
            "SIZE = \"many\": expected a whole number from 0 to 18446744073709551615 (from given)",
            "DEPTH: must not be 0",
        ]
    );
}

#[test]
fn what_a_check_says_about_a_wrong_field_is_left_out() {
    // With its default in place of `lots` the size would be too small; nobody knows whether it is.
    let vars = Vars::from([("SIZE", "10"), ("LINE", "lots")]);

    assert_eq!(Queue::from_source(&vars).unwrap_err().len(), 1);
}

#[derive(Debug, Config)]
#[config(prefix = "MAIL_")]
struct Mail {
    #[config(default = "smtp", alias = "TRANSPORT")]
    provider: String,
    enabled: Option<bool>,
    #[config(required_if(PROVIDER = "http"))]
    api_url: Option<String>,
    #[config(required_if(MAIL_PROVIDER = "smtp"))]
    relay: Option<String>,
    #[config(required_with(RELAY_USER))]
    relay_password: Option<groundcrew_envcfg::Secret>,
    relay_user: Option<String>,
}

fn reasons(vars: &Vars) -> Vec<String> {
    #[derive(Debug, Config)]
    struct Outer {
        #[config(nested, prefix = "EU_")]
        mail: Mail,
    }
    Outer::from_source(vars).map_or_else(|report| lines(&report), |_| Vec::new())
}

#[test]
fn a_condition_sees_the_default_of_the_variable_it_is_about() {
    assert_eq!(
        reasons(&Vars::new()),
        ["EU_MAIL_RELAY is missing: required because EU_MAIL_PROVIDER is smtp"]
    );
}

#[test]
fn a_condition_follows_prefixes_and_old_names() {
    assert_eq!(
        reasons(&Vars::from([
            ("EU_MAIL_TRANSPORT", "http"),
            ("EU_MAIL_RELAY_USER", "me")
        ])),
        [
            "EU_MAIL_API_URL is missing: required because EU_MAIL_PROVIDER is http",
            "EU_MAIL_RELAY_PASSWORD is missing: required because EU_MAIL_RELAY_USER is set",
        ]
    );
}

#[test]
fn a_default_that_only_the_program_knows_counts_too() {
    #[derive(Debug, Config)]
    #[config(default)]
    struct Store {
        kind: String,
        #[config(required_if(KIND = "s3"))]
        bucket: String,
    }

    impl Default for Store {
        fn default() -> Self {
            Self {
                kind: ["s", "3"].concat(),
                bucket: String::new(),
            }
        }
    }

    assert_eq!(
        lines(&Store::from_source(&Vars::new()).unwrap_err()),
        ["BUCKET is missing: required because KIND is s3"]
    );
    assert_eq!(
        Store::from_source(&Vars::from([("KIND", "local")])).unwrap().kind,
        "local"
    );
}

#[test]
fn old_names_say_since_when_and_until_when() {
    #[derive(Debug, Config)]
    struct Settings {
        #[config(alias("MAX_BODY", since = "1.4", until = "2.0"), default = 1)]
        max_payload: u64,
        #[config(deprecated = "pools size themselves", default = 1)]
        pool: u64,
    }

    let loaded = Settings::load(&Vars::from([("MAX_BODY", "2"), ("POOL", "3")])).unwrap();

    assert_eq!((loaded.config().max_payload, loaded.config().pool), (2, 3));
    let warnings: Vec<String> = loaded.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "MAX_BODY is deprecated since 1.4, use MAX_PAYLOAD (no longer read from 2.0 on)",
            "POOL is deprecated: pools size themselves",
        ]
    );
}

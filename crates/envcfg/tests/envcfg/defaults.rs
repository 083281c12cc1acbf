//! Where a value comes from when its variable is not set, and how configurations nest.

use std::time::Duration;

use groundcrew_envcfg::{ByteSize, Config, RequiredIf, Secret, Vars};

/// Has no default of its own.
#[derive(Clone, Debug, PartialEq)]
struct Hooks(&'static str);

#[derive(Clone, Debug, Config, PartialEq)]
#[config(default)]
struct CacheConfig {
    /// How long an entry lives
    #[config(env = "CACHE_TTL", unit = "s")]
    #[config(range(min = 60, max = "1d"))]
    ttl: Duration,
    #[config(env = "REDIS_KEY_PREFIX")]
    prefix: String,
    #[config(range(min = "1KiB"))]
    room: ByteSize,
    token: Option<Secret>,
    #[config(skip)]
    hooks: Hooks,
    #[config(required)]
    owner: String,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(900),
            prefix: String::from("app:"),
            room: ByteSize::mib(64),
            token: None,
            hooks: Hooks("none"),
            owner: String::new(),
        }
    }
}

#[derive(Clone, Debug, Config, PartialEq)]
#[config(default)]
struct Service {
    #[config(nested)]
    cache: CacheConfig,
    #[config(nested, prefix = "REPLICA_")]
    replica: CacheConfig,
    #[config(nested)]
    mail: Option<Mail>,
}

impl Default for Service {
    fn default() -> Self {
        let replica = CacheConfig {
            ttl: Duration::from_secs(61),
            ..CacheConfig::default()
        };
        Self {
            cache: CacheConfig::default(),
            replica,
            mail: None,
        }
    }
}

#[derive(Clone, Debug, Config, PartialEq)]
#[config(prefix = "MAIL_")]
struct Mail {
    provider: String,
    #[config(default = 3)]
    retries: u32,
    #[config(default = "30s")]
    timeout: Duration,
    #[config(default = 5, unit = "m")]
    pause: Duration,
    #[config(default)]
    reply_to: String,
}

fn owners() -> Vars {
    Vars::from([("OWNER", "ops"), ("REPLICA_OWNER", "dba")])
}

#[test]
fn a_missing_variable_takes_the_value_of_default() {
    let service = Service::from_source(&owners()).unwrap();

    let owned = |owner: &str, config: CacheConfig| CacheConfig {
        owner: String::from(owner),
        ..config
    };
    assert_eq!(service.cache, owned("ops", CacheConfig::default()));
    assert_eq!(service.replica, owned("dba", Service::default().replica));
    assert_eq!(service.mail, None);
}

#[test]
fn prefixes_stand_before_every_name() {
    let vars = owners()
        .with("CACHE_TTL", "2m")
        .with("REPLICA_CACHE_TTL", "90")
        .with("REPLICA_REDIS_KEY_PREFIX", "r:")
        .with("MAIL_PROVIDER", "ses");

    let service = Service::from_source(&vars).unwrap();

    assert_eq!(
        (service.cache.ttl, service.replica.ttl),
        (Duration::from_secs(120), Duration::from_secs(90))
    );
    assert_eq!(service.replica.prefix, "r:");
    let mail = service.mail.unwrap();
    assert_eq!(
        (mail.retries, mail.timeout, mail.pause),
        (3, Duration::from_secs(30), Duration::from_secs(300))
    );
    assert_eq!((mail.provider.as_str(), mail.reply_to.as_str()), ("ses", ""));
}

#[test]
fn a_group_with_one_variable_set_needs_all_that_it_requires() {
    let report = Service::from_source(&owners().with("MAIL_RETRIES", "1")).unwrap_err();

    assert_eq!(
        report.to_string(),
        "configuration is invalid: 1 problem\n  MAIL_PROVIDER is missing"
    );
    assert_eq!(report.problems()[0].path(), "mail.provider");
}

#[test]
fn a_group_that_an_outer_default_gives_follows_its_rules() {
    #[derive(Clone, Debug, Config)]
    struct Door {
        #[config(range(min = 1))]
        port: u16,
    }

    #[derive(Debug, Config)]
    #[config(default)]
    struct House {
        #[config(nested, prefix = "DOOR_")]
        door: Option<Door>,
    }

    impl Default for House {
        fn default() -> Self {
            Self {
                door: Some(Door { port: 0 }),
            }
        }
    }

    let report = House::from_source(&Vars::new()).unwrap_err();
    let house = House::from_source(&Vars::from([("DOOR_PORT", "7")])).unwrap();

    assert_eq!(
        report.to_string(),
        "configuration is invalid: 1 problem\n  DOOR_PORT: must be at least 1 (from default)"
    );
    assert_eq!(house.door.map(|door| door.port), Some(7));
}

#[test]
fn durations_and_sizes_are_bounded_in_their_units() {
    let vars = owners()
        .with("CACHE_TTL", "59")
        .with("REPLICA_CACHE_TTL", "25h")
        .with("ROOM", "1000");

    let report = Service::from_source(&vars).unwrap_err();

    let messages: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "CACHE_TTL = \"59\": must be between 1m and 1d (from given)",
            "ROOM = \"1000\": must be at least 1 KiB (from given)",
            "REPLICA_CACHE_TTL = \"25h\": must be between 1m and 1d (from given)",
        ]
    );
}

#[test]
fn fields_document_the_defaults_that_apply() {
    let fields = Service::fields();

    let shown: Vec<(&str, Option<&str>, bool)> = fields
        .iter()
        .map(|spec| (spec.name.as_str(), spec.default.as_deref(), spec.required))
        .collect();
    assert_eq!(
        shown,
        [
            ("CACHE_TTL", Some("15m"), false),
            ("REDIS_KEY_PREFIX", Some("app:"), false),
            ("ROOM", Some("64 MiB"), false),
            ("TOKEN", None, false),
            ("OWNER", None, true),
            ("REPLICA_CACHE_TTL", Some("1m1s"), false),
            ("REPLICA_REDIS_KEY_PREFIX", Some("app:"), false),
            ("REPLICA_ROOM", Some("64 MiB"), false),
            ("REPLICA_TOKEN", None, false),
            ("REPLICA_OWNER", None, true),
            ("MAIL_PROVIDER", None, false),
            ("MAIL_RETRIES", Some("3"), false),
            ("MAIL_TIMEOUT", Some("30s"), false),
            ("MAIL_PAUSE", Some("5m"), false),
            ("MAIL_REPLY_TO", None, false),
        ]
    );
    assert_eq!(
        (fields[0].description, fields[0].unit),
        ("How long an entry lives", Some("s"))
    );
    assert_eq!(fields[10].required_if, [RequiredIf::Group]);
    assert_eq!(
        (
            fields[9].group.len(),
            fields[10].group.len(),
            fields[14].group[0].as_str()
        ),
        (0, 5, "MAIL_PROVIDER")
    );
}

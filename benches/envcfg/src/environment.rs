//! The environments in which every candidate loads: 30 of the 45 variables and many that belong to nobody here.

/// 60 foreign variables, as the service links of a Kubernetes namespace are: 90 with the schema's.
pub(crate) fn small() -> Vec<(String, String)> {
    with_foreign(60)
}

/// 575 foreign variables: 605 with the schema's.
pub(crate) fn large() -> Vec<(String, String)> {
    with_foreign(575)
}

/// The environment with six mistakes that every reporter of more than one can see: values that cannot be read, and
/// one that is missing.
pub(crate) fn mistaken(mut variables: Vec<(String, String)>) -> Vec<(String, String)> {
    variables.retain(|(name, _)| name != "DATABASE_URL");
    for (name, value) in &mut variables {
        if let Some((_, wrong)) = WRONG.iter().find(|(wrong, _)| wrong == name) {
            *value = (*wrong).to_owned();
        }
    }
    variables
}

/// The variables with a mistake in the environment that [`mistaken`] gives.
pub(crate) fn mistakes() -> impl Iterator<Item = &'static str> {
    WRONG.iter().map(|(name, _)| *name).chain(["DATABASE_URL"])
}

fn with_foreign(count: usize) -> Vec<(String, String)> {
    let foreign = (0..count).map(|index| {
        let (service, kind) = (index / 5, index % 5);
        let name = match kind {
            0 => format!("TEAM_SERVICE_{service}_SERVICE_HOST"),
            1 => format!("TEAM_SERVICE_{service}_SERVICE_PORT"),
            2 => format!("TEAM_SERVICE_{service}_PORT"),
            3 => format!("TEAM_SERVICE_{service}_PORT_8080_TCP"),
            _ => format!("TEAM_SERVICE_{service}_PORT_8080_TCP_ADDR"),
        };
        (name, format!("tcp://10.0.{service}.{kind}:8080"))
    });
    let own = OWN
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    foreign.chain(own).collect()
}

const WRONG: [(&str, &str); 5] = [
    ("NODE_ENV", "prod"),
    ("PORT", "80x"),
    ("DATABASE_SSL", "maybe"),
    ("LOG_LEVEL", "loud"),
    ("CACHE_TTL", "1h"),
];

const OWN: [(&str, &str); 30] = [
    ("NODE_ENV", "production"),
    ("APP_URL", "https://poker.example.org"),
    ("PORT", "8080"),
    ("DATABASE_URL", "postgres://app:pw@db.internal:5432/app"),
    ("DATABASE_POOL_SIZE", "40"),
    ("DATABASE_SSL", "true"),
    ("NEXT_PUBLIC_SUPABASE_URL", "https://abcdefgh.supabase.co"),
    (
        "NEXT_PUBLIC_SUPABASE_ANON_KEY",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.anon",
    ),
    (
        "SUPABASE_SERVICE_ROLE_KEY",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.role",
    ),
    ("REDIS_URL", "redis://redis.internal:6379"),
    ("REDIS_PASSWORD", "Vt3nR0m8qLw2xZ"),
    ("REDIS_MAX_CONNECTIONS", "200"),
    ("AUTH_SECRET", "k3vQ9sT1xW7yB5nM2pL8dF4gH6jR0cZa"),
    ("JWT_SECRET", "p8Lq2Wm5Zx9Cv3Bn7Hj1Kd6Fg4Rt0YsE"),
    ("SESSION_TIMEOUT", "7200"),
    (
        "CORS_ORIGINS",
        "https://poker.example.org,https://admin.example.org",
    ),
    ("RATE_LIMIT_MAX_REQUESTS", "500"),
    ("WS_PORT", "8081"),
    ("WS_MAX_CONNECTIONS", "5000"),
    ("LOG_LEVEL", "info"),
    ("SENTRY_DSN", "https://public@sentry.example.org/42"),
    ("MAX_PAYLOAD_SIZE", "2097152"),
    ("COMPRESSION_ENABLED", "true"),
    ("CACHE_TTL", "1800"),
    ("MAINTENANCE_MODE", "false"),
    ("EMAIL_PROVIDER", "ses"),
    ("EMAIL_API_KEY", "AKIA4XW7QZ2M9TB3"),
    ("BACKUP_BUCKET", "poker-backups"),
    ("BACKUP_RETENTION_DAYS", "60"),
    ("METRICS_ENABLED", "true"),
];

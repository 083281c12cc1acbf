use std::{fmt, thread};

/// How the size of the pool is found.
///
/// # Examples
/// ```
/// use groundcrew_dbopt::{PoolPlan, ServerLimits, Sizing};
///
/// let sizing = Sizing::auto().server_cores(8).instances(3);
/// let plan = PoolPlan::new(&sizing, &ServerLimits::assumed(100));
/// assert_eq!(plan.max, 24);
/// assert!(plan.why.iter().any(|line| line.contains("8 cores")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    fixed: Option<u16>,
    server_cores: Option<u16>,
    instances: u16,
}

impl Sizing {
    /// As many connections as keep the server's cores busy, and no more than this instance's share.
    #[must_use]
    pub const fn auto() -> Self {
        Self {
            fixed: None,
            server_cores: None,
            instances: 1,
        }
    }

    /// Exactly `size` connections at most, whatever the server allows.
    #[must_use]
    pub const fn fixed(size: u16) -> Self {
        Self {
            fixed: Some(size),
            ..Self::auto()
        }
    }

    /// The number of cores of the database server, which SQL cannot tell; default: those of this machine.
    #[must_use]
    pub const fn server_cores(mut self, cores: u16) -> Self {
        self.server_cores = Some(cores);
        self
    }

    /// How many instances of the service share the server; default 1.
    #[must_use]
    pub const fn instances(mut self, instances: u16) -> Self {
        self.instances = instances;
        self
    }

    pub(crate) const fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }
}

/// How many connections the server allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// Its `max_connections`.
    pub max_connections: u32,
    /// Those kept for superusers and reserved roles.
    pub reserved: u32,
    /// The lower of the limits on the role and on the database, if there is one.
    pub role_or_database: Option<u32>,
    /// Whether the server itself said so.
    pub asked: bool,
}

impl ServerLimits {
    /// What holds until the server is asked: `max_connections`, of which 3 are reserved.
    #[must_use]
    pub const fn assumed(max_connections: u16) -> Self {
        Self {
            max_connections: max_connections as u32,
            reserved: 3,
            role_or_database: None,
            asked: false,
        }
    }

    /// What is left for ordinary roles.
    #[must_use]
    pub fn usable(&self) -> u32 {
        let open = self.max_connections.saturating_sub(self.reserved);
        self.role_or_database.map_or(open, |limit| open.min(limit))
    }
}

/// The size of the pool, with the reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolPlan {
    /// The most connections this instance opens.
    pub max: u16,
    /// The connections it keeps open when idle.
    pub min: u16,
    /// How the numbers came about, line by line.
    pub why: Vec<String>,
    /// What will go wrong with them.
    pub warnings: Vec<String>,
}

impl PoolPlan {
    /// Computes the sizes. Does no I/O; [`Db::warm_up`](crate::Db::warm_up) asks the server for its limits.
    #[must_use]
    pub fn new(sizing: &Sizing, limits: &ServerLimits) -> Self {
        let instances = u32::from(sizing.instances.max(1));
        let usable = limits.usable();
        let share = clamp_u16(usable / instances);
        let cores = sizing.server_cores.unwrap_or_else(local_cores).max(1);
        let mut why = vec![describe(limits, instances, share)];
        let max = match sizing.fixed {
            Some(size) => {
                why.push(format!("{size}: set explicitly"));
                size
            }
            None => {
                let ideal = cores.saturating_mul(PER_CORE).max(LEAST);
                let max = ideal.min(share).max(1);
                why.push(format!(
                    "{max}: {PER_CORE} for each of {cores} cores is {ideal}, at most the share of {share}"
                ));
                max
            }
        };
        let min = (cores / 2).max(2).min(max);
        why.push(format!("{min} kept open: half the cores, at least 2"));
        Self {
            max,
            min,
            why,
            warnings: warnings(max, instances, usable, limits),
        }
    }
}

impl fmt::Display for PoolPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connections ({})", self.max, self.why.join("; "))
    }
}

fn describe(limits: &ServerLimits, instances: u32, share: u16) -> String {
    let source = if limits.asked {
        "says the server"
    } else {
        "assumed"
    };
    format!(
        "share {share}: {} of {} connections are usable ({source}), for {instances} instance(s)",
        limits.usable(),
        limits.max_connections
    )
}

fn warnings(max: u16, instances: u32, usable: u32, limits: &ServerLimits) -> Vec<String> {
    let wanted = u32::from(max).saturating_mul(instances);
    if wanted <= usable {
        return Vec::new();
    }
    vec![format!(
        "{instances} instance(s) of {max} connections want {wanted}, but only {usable} of the server's {} are \
         usable: under load some will be refused",
        limits.max_connections
    )]
}

fn local_cores() -> u16 {
    thread::available_parallelism().map_or(1, |cores| {
        clamp_u16(u32::try_from(cores.get()).unwrap_or(u32::MAX))
    })
}

fn clamp_u16(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// Throughput of cached reads peaks at about three connections a core; more only adds latency.
const PER_CORE: u16 = 3;
const LEAST: u16 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_size_wins_and_is_warned_about() {
        let sizing = Sizing::fixed(50).instances(3).server_cores(4);

        let plan = PoolPlan::new(&sizing, &ServerLimits::assumed(100));

        assert_eq!((plan.max, plan.min), (50, 2));
        assert_eq!(plan.warnings.len(), 1);
        assert!(plan.warnings[0].contains("want 150, but only 97"));
    }

    #[test]
    fn auto_stays_within_the_share_of_the_instance() {
        let limits = ServerLimits {
            role_or_database: Some(20),
            ..ServerLimits::assumed(100)
        };

        let plan = PoolPlan::new(&Sizing::auto().server_cores(16).instances(4), &limits);

        assert_eq!((plan.max, plan.min), (5, 5));
        assert_eq!(plan.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_server_without_room_still_gets_one_connection_and_a_warning() {
        let plan = PoolPlan::new(&Sizing::auto().instances(10), &ServerLimits::assumed(5));

        assert_eq!((plan.max, plan.min), (1, 1));
        assert_eq!(plan.warnings.len(), 1);
    }
}

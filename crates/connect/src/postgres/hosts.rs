use tokio_postgres::{
    Config,
    config::{Host, LoadBalanceHosts},
};

/// One configuration for each host, in the order in which they are to be tried, as libpq has a `connect_timeout` for each.
///
/// The driver tries them in turn as well, but waits for a silent one for ever.
pub(super) fn one_by_one(config: &Config) -> Vec<Config> {
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let count = hosts.len().max(addresses.len());
    // Of the rest, the driver says what is wrong.
    let fits = |given: usize| given == 0 || given == count;
    if count < 2 || !fits(hosts.len()) || !fits(addresses.len()) || !fits_ports(config, count) {
        return vec![config.clone()];
    }
    let mut order: Vec<usize> = (0..count).collect();
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        fastrand::shuffle(&mut order);
    }
    order.into_iter().map(|at| only(config, at)).collect()
}

fn fits_ports(config: &Config, count: usize) -> bool {
    let ports = config.get_ports().len();
    ports < 2 || ports == count
}

fn only(config: &Config, at: usize) -> Config {
    let mut one = without_hosts(config);
    match config.get_hosts().get(at) {
        Some(Host::Tcp(name)) => drop(one.host(name)),
        #[cfg(unix)]
        Some(Host::Unix(directory)) => drop(one.host_path(directory)),
        None => {}
    }
    if let Some(address) = config.get_hostaddrs().get(at) {
        one.hostaddr(*address);
    }
    let ports = config.get_ports();
    if let Some(port) = ports.get(at).or_else(|| ports.first()) {
        one.port(*port);
    }
    one
}

/// The driver can only add hosts.
fn without_hosts(config: &Config) -> Config {
    let mut same = Config::new();
    config.get_user().map(|user| same.user(user));
    config.get_password().map(|password| same.password(password));
    config.get_dbname().map(|name| same.dbname(name));
    config.get_options().map(|options| same.options(options));
    config
        .get_application_name()
        .map(|name| same.application_name(name));
    config
        .get_connect_timeout()
        .map(|timeout| same.connect_timeout(*timeout));
    config
        .get_tcp_user_timeout()
        .map(|timeout| same.tcp_user_timeout(*timeout));
    config
        .get_keepalives_interval()
        .map(|interval| same.keepalives_interval(interval));
    config
        .get_keepalives_retries()
        .map(|retries| same.keepalives_retries(retries));
    same.ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .load_balance_hosts(config.get_load_balance_hosts());
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        text.parse().expect("a URL")
    }

    const ALL: &str = "application_name=app&channel_binding=require&connect_timeout=3&keepalives=0&keepalives_idle=4\
        &keepalives_interval=5&keepalives_retries=6&load_balance_hosts=disable&options=-c%20geqo%3Doff&sslmode=require\
        &sslnegotiation=direct&target_session_attrs=read-write&tcp_user_timeout=7";

    #[test]
    fn each_host_keeps_all_that_the_url_says() {
        let of = |hosts: &str| config(&format!("postgres://app:pw@{hosts}/shop?{ALL}"));

        assert_eq!(
            one_by_one(&of("a,b:5433,%2Frun")),
            [of("a:5432"), of("b:5433"), of("%2Frun:5432")]
        );
        assert_eq!(one_by_one(&of("a")), [of("a")]);
    }

    #[test]
    fn one_port_serves_all_and_addresses_go_with_their_names() {
        let both = config("host=a,b hostaddr=10.0.0.1,10.0.0.2 port=6000");
        let addresses = config("hostaddr=10.0.0.1,10.0.0.2");
        let contradictory = config("host=a,b hostaddr=10.0.0.1");

        assert_eq!(
            one_by_one(&both),
            [
                config("host=a hostaddr=10.0.0.1 port=6000"),
                config("host=b hostaddr=10.0.0.2 port=6000")
            ]
        );
        assert_eq!(
            one_by_one(&addresses),
            [config("hostaddr=10.0.0.1"), config("hostaddr=10.0.0.2")]
        );
        assert_eq!(one_by_one(&contradictory), [contradictory]);
    }

    #[test]
    fn with_load_balancing_each_is_the_first_at_times() {
        let config = config("postgres://a,b,c/shop?load_balance_hosts=random");
        let first = |_| one_by_one(&config)[0].get_hosts()[0].clone();

        let firsts: Vec<Host> = (0..200).map(first).collect();

        for name in ["a", "b", "c"] {
            assert!(firsts.contains(&Host::Tcp(name.to_owned())), "{name}");
        }
    }
}

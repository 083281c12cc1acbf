use std::{
    sync::mpsc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use groundcrew_base::ManualClock;

use super::Expiry;
use crate::{Counter, Family, Gauge, Histogram, IntGauge, LabelValue, LabelVisitor, Labels, Registry};

struct Route<'a> {
    route: &'a str,
    status: u16,
}

impl Labels for Route<'_> {
    type With<'a> = Route<'a>;
    const NAMES: &'static [&'static str] = &["route", "status"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.route);
        visitor.value(&self.status);
    }
}

const fn route(route: &str) -> Route<'_> {
    Route { route, status: 200 }
}

const IDLE: Duration = Duration::from_secs(600);

/// A registry and the hands of its clock.
fn set_up() -> (Registry, ManualClock) {
    let hands = ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_000_000));
    let registry = Registry::new().with_clock(hands.clock());
    registry.show_created(true);
    (registry, hands)
}

fn requests(registry: &Registry) -> Family<Route<'static>, Counter> {
    registry
        .family("requests_total", "Requests")
        .expire_after(IDLE)
        .register()
        .unwrap()
}

/// The samples of a scrape, without comments.
fn samples(registry: &Registry) -> Vec<String> {
    let text = registry.encode_open_metrics();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(str::to_owned).collect()
}

#[test]
fn a_series_that_comes_back_begins_anew() {
    let (registry, hands) = set_up();
    let requests = requests(&registry);
    requests.inc_by(&route("/a"), 5);
    requests.inc_by(&route("/b"), 3);
    let first = [
        r#"requests_total{route="/a",status="200"} 5"#,
        r#"requests_created{route="/a",status="200"} 1000000.000"#,
        r#"requests_total{route="/b",status="200"} 3"#,
        r#"requests_created{route="/b",status="200"} 1000000.000"#,
    ];
    assert_eq!(samples(&registry), first);

    hands.advance(IDLE - Duration::from_secs(1));
    requests.inc(&route("/b"));
    assert_eq!(samples(&registry).len(), 4);
    hands.advance(Duration::from_secs(1));

    assert_eq!(
        samples(&registry),
        [
            r#"requests_total{route="/b",status="200"} 4"#,
            r#"requests_created{route="/b",status="200"} 1000000.000"#,
        ]
    );
    assert_eq!(requests.len(), 1);
    requests.inc(&route("/a"));
    assert_eq!(
        samples(&registry)[..2],
        [
            r#"requests_total{route="/a",status="200"} 1"#,
            r#"requests_created{route="/a",status="200"} 1000600.000"#,
        ]
    );
}

#[test]
fn what_no_scrape_has_shown_does_not_go() {
    let (registry, hands) = set_up();
    let requests = requests(&registry);
    requests.inc(&route("/a"));

    hands.advance(IDLE * 10);
    assert_eq!(samples(&registry).len(), 2);
    requests.inc(&route("/a"));
    hands.advance(IDLE * 10);

    assert_eq!(
        samples(&registry)[0],
        r#"requests_total{route="/a",status="200"} 2"#
    );
    hands.advance(IDLE);
    assert_eq!(samples(&registry), [""; 0]);
    assert!(requests.is_empty());
}

#[test]
fn handles_timers_and_guards_keep_their_series() {
    let (registry, hands) = set_up();
    let requests = requests(&registry);
    let ages = registry
        .family::<Route<'_>, Histogram>("age_seconds", "Age")
        .buckets(&[1.0])
        .expire_after(IDLE)
        .register()
        .unwrap();
    let players = registry
        .family::<Route<'_>, Gauge>("players", "Players")
        .expire_after(IDLE)
        .register()
        .unwrap();
    let handle = requests.handle(&route("/a"));
    let timer = ages.start_timer(&route("/a"));
    let guard = players.track(&route("/a"));

    for _ in 0..3 {
        samples(&registry);
        hands.advance(IDLE * 2);
    }
    handle.inc();
    let shown = samples(&registry);
    assert!(
        shown.contains(&r#"requests_total{route="/a",status="200"} 1"#.to_owned()),
        "{shown:?}"
    );
    assert!(
        shown.contains(&r#"age_seconds_count{route="/a",status="200"} 0"#.to_owned()),
        "{shown:?}"
    );
    assert!(
        shown.contains(&r#"players{route="/a",status="200"} 1.0"#.to_owned()),
        "{shown:?}"
    );

    drop((handle, timer, guard));
    hands.advance(IDLE * 2);
    let shown = samples(&registry);
    assert!(
        shown.contains(&r#"age_seconds_count{route="/a",status="200"} 1"#.to_owned()),
        "{shown:?}"
    );
    assert!(
        shown.contains(&r#"players{route="/a",status="200"} 0.0"#.to_owned()),
        "{shown:?}"
    );
    hands.advance(IDLE);

    assert_eq!(samples(&registry), [""; 0]);
}

#[test]
fn room_is_free_again_and_totals_stay_right() {
    let (registry, hands) = set_up();
    let requests: Family<Route<'_>, Counter> = registry
        .family("requests_total", "Requests")
        .max_series(2)
        .expire_after(IDLE)
        .register()
        .unwrap();
    let other = r#"requests_total{route="__other__",status="__other__"}"#;
    requests.inc(&route("/a"));
    requests.inc(&route("/b"));
    requests.inc_by(&route("/c"), 4);
    let handle = requests.handle(&route("/d"));
    handle.inc_by(6);
    assert!(samples(&registry).contains(&format!("{other} 10")));

    hands.advance(IDLE);
    requests.inc(&route("/b"));
    samples(&registry);
    // The overflow is one of the two.
    requests.inc(&route("/c"));

    let shown = samples(&registry);
    assert!(
        shown.contains(&r#"requests_total{route="/b",status="200"} 2"#.to_owned()),
        "{shown:?}"
    );
    assert!(shown.contains(&format!("{other} 11")), "{shown:?}");
    hands.advance(IDLE);
    samples(&registry);
    requests.inc(&route("/c"));
    let shown = samples(&registry);
    assert!(
        shown.contains(&r#"requests_total{route="/c",status="200"} 1"#.to_owned()),
        "{shown:?}"
    );
    assert!(shown.contains(&format!("{other} 11")), "{shown:?}");
    assert!(
        shown.contains(&r#"metrics_overflow_total{family="requests_total",label=""} 3"#.to_owned()),
        "{shown:?}"
    );
}

#[test]
fn a_value_makes_room_for_another_one() {
    let (registry, hands) = set_up();
    let requests: Family<Route<'_>, Counter> = registry
        .family("requests_total", "Requests")
        .max_values("route", 1)
        .expire_after(IDLE)
        .register()
        .unwrap();
    requests.inc(&route("a \"quoted\" one"));
    requests.inc(&route("/b"));
    requests.inc(&route("__other__"));
    let other = r#"requests_total{route="__other__",status="200"} 2"#.to_owned();
    assert!(samples(&registry).contains(&other));

    hands.advance(IDLE);
    samples(&registry);
    requests.inc_by(&route("/b"), 7);

    let shown = samples(&registry);
    assert!(
        shown.contains(&r#"requests_total{route="/b",status="200"} 7"#.to_owned()),
        "{shown:?}"
    );
    assert!(!shown.iter().any(|line| line.contains("__other__")), "{shown:?}");
    assert!(
        shown.contains(&r#"metrics_overflow_total{family="requests_total",label="route"} 2"#.to_owned()),
        "{shown:?}"
    );
}

struct Call<'a> {
    route: &'a str,
    client: &'a str,
}

impl Labels for Call<'_> {
    type With<'a> = Call<'a>;
    const NAMES: &'static [&'static str] = &["route", "client"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.route);
        visitor.value(self.client);
    }
}

fn call<'a>(route: &'a str, client: &'a str) -> Call<'a> {
    Call { route, client }
}

#[test]
fn a_label_keeps_its_cap_in_what_overflows_another_one() {
    let (registry, hands) = set_up();
    registry.show_created(false);
    let calls: Family<Call<'_>, Counter> = registry
        .family("calls_total", "Calls")
        .max_values("route", 1)
        .max_values("client", 2)
        .expire_after(IDLE)
        .register()
        .unwrap();
    calls.inc(&call("/a", "c0"));
    for client in 1..100 {
        calls.inc(&call("/b", &format!("c{client}")));
    }
    calls.inc(&call("__other__", "c100"));
    let handle = calls.handle(&call("/b", "c1"));
    let overflow = |label: &str| {
        let overflow = format!(r#"metrics_overflow_total{{family="calls_total",label="{label}"}} "#);
        let shown = samples(&registry);
        shown
            .iter()
            .find_map(|line| line.strip_prefix(&overflow))
            .unwrap()
            .to_owned()
    };

    assert_eq!(
        samples(&registry)[..3],
        [
            r#"calls_total{route="/a",client="c0"} 1"#,
            r#"calls_total{route="__other__",client="c1"} 1"#,
            r#"calls_total{route="__other__",client="__other__"} 99"#,
        ]
    );
    assert_eq!(
        (overflow("route"), overflow("client")),
        ("101".into(), "99".into())
    );
    assert_eq!(calls.len(), 3);

    // What is held keeps its value's place, also where it has overflowed.
    hands.advance(IDLE);
    samples(&registry);
    assert_eq!(calls.len(), 1);
    calls.inc(&call("/b", "c2"));
    calls.inc(&call("/b", "c3"));
    handle.inc();
    assert_eq!(
        samples(&registry)[..3],
        [
            r#"calls_total{route="/b",client="c2"} 1"#,
            r#"calls_total{route="__other__",client="c1"} 2"#,
            r#"calls_total{route="/b",client="__other__"} 1"#,
        ]
        .map(str::to_owned)
    );
}

#[test]
fn what_overflowed_gives_its_room_back() {
    let (registry, hands) = set_up();
    let calls: Family<Call<'_>, Counter> = registry
        .family("calls_total", "Calls")
        .max_series(10)
        .max_values("route", 1)
        .expire_after(IDLE)
        .register()
        .unwrap();
    calls.inc(&call("/a", "c0"));
    for client in 1..=10 {
        calls.inc(&call("/x", &format!("c{client}")));
    }
    assert_eq!(calls.len(), 11);
    assert!(
        samples(&registry).contains(&r#"calls_total{route="__other__",client="__other__"} 1"#.to_owned())
    );
    hands.advance(IDLE);
    calls.inc(&call("/x", "c10"));
    samples(&registry);
    assert_eq!(calls.len(), 1);
    hands.advance(IDLE);
    samples(&registry);
    assert!(calls.is_empty());

    calls.inc_by(&call("/a", "c0"), 4);
    calls.inc_by(&call("/x", "c10"), 5);

    assert_eq!(
        samples(&registry)[..4],
        [
            r#"calls_total{route="/a",client="c0"} 4"#,
            r#"calls_created{route="/a",client="c0"} 1001200.000"#,
            r#"calls_total{route="__other__",client="c10"} 5"#,
            r#"calls_created{route="__other__",client="c10"} 1001200.000"#,
        ]
    );
}

#[test]
fn what_overflows_does_not_wait_for_who_inserts() {
    let (registry, _hands) = set_up();
    let build = |name: &str| registry.family(name, "Requests").expire_after(IDLE);
    let full: Family<Route<'static>, Counter> = build("full_total").max_series(3).register().unwrap();
    let capped = build("capped_total").max_values("route", 2);
    let capped: Family<Route<'static>, Counter> = capped.register().unwrap();
    let both = build("both_total").max_series(3).max_values("route", 2);
    let both: Family<Route<'static>, Counter> = both.register().unwrap();
    for family in [&full, &capped, &both] {
        (0..9).for_each(|number| family.inc(&route(&format!("/{number}"))));
    }
    let before = samples(&registry);

    let (done, ended) = mpsc::channel();
    let families = [&full, &capped, &both];
    let locks = families.map(|family| family.store().expiry().map(Expiry::locked));
    let others = [full.clone(), capped.clone(), both.clone()];
    thread::spawn(move || {
        for family in &others {
            (0..9).for_each(|number| family.inc(&route(&format!("/new/{number}"))));
            (0..2).for_each(|number| family.inc(&route(&format!("/{number}"))));
        }
        done.send(()).unwrap();
    });
    let is_done = ended.recv_timeout(Duration::from_secs(30));
    drop(locks);

    assert_eq!(is_done, Ok(()));
    let overflow = |samples: &[String]| -> Vec<u64> {
        let others = samples.iter().filter(|sample| sample.contains("__other__"));
        let counts = others.filter(|sample| sample.contains("_total{"));
        counts
            .map(|sample| sample.rsplit(' ').next().unwrap().parse().unwrap())
            .collect()
    };
    let grown: Vec<u64> = overflow(&before).iter().map(|count| count + 9).collect();
    assert_eq!(overflow(&samples(&registry)), grown);
    assert_eq!(grown.len(), 3);
}

#[test]
fn a_scrape_of_other_names_counts_as_none() {
    let (registry, hands) = set_up();
    let requests = requests(&registry);
    requests.inc(&route("/a"));
    let names = crate::scrape::Names::new(vec!["others_total".to_owned()]);
    let others = crate::scrape::Scrape {
        names,
        ..crate::scrape::Scrape::default()
    };

    registry.scrape(&others, None);
    hands.advance(IDLE);
    registry.scrape(&others, None);

    assert_eq!(
        samples(&registry)[0],
        r#"requests_total{route="/a",status="200"} 1"#
    );
}

#[cfg(feature = "http")]
#[test]
fn a_head_request_counts_as_no_scrape() {
    use http::{Method, Request};

    let (registry, hands) = set_up();
    let requests = requests(&registry);
    let endpoint = crate::MetricsEndpoint::new(&registry);
    let ask = |method: Method| {
        let request = Request::builder()
            .method(method)
            .uri("/metrics")
            .body(())
            .unwrap();
        endpoint.answer(&request).into_body().len()
    };
    requests.inc(&route("/a"));

    assert_eq!(ask(Method::HEAD), 0);
    hands.advance(IDLE);
    assert!(ask(Method::GET) > 0);
    assert_eq!(requests.len(), 1);
    hands.advance(IDLE);
    assert_eq!(ask(Method::HEAD), 0);
    assert_eq!(requests.len(), 1);

    ask(Method::GET);
    assert!(requests.is_empty());
}

#[test]
fn a_gauge_that_is_added_to_forgets_what_was_before() {
    let (registry, hands) = set_up();
    let players = registry
        .family::<Route<'_>, Gauge>("players", "Players")
        .expire_after(IDLE)
        .register()
        .unwrap();
    let handle = players.handle(&route("/held"));
    for add in [6.0, -6.0] {
        players.add(&route("/a"), add);
        handle.add(add);
        samples(&registry);
        hands.advance(IDLE);
        if add > 0.0 {
            samples(&registry);
        }
    }
    players.add(&route("/a"), 0.0);

    assert_eq!(
        samples(&registry),
        [
            r#"players{route="/held",status="200"} 0.0"#,
            r#"players{route="/a",status="200"} -6.0"#,
        ]
    );
}

#[test]
fn enum_labels_come_with_their_first_use_and_go() {
    struct Won(bool);
    impl Labels for Won {
        type With<'a> = Self;
        const NAMES: &'static [&'static str] = &["won"];
        const VALUES: &'static [&'static [&'static str]] = &[bool::VALUES];
        fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
            visitor.value(&self.0);
        }
        fn position(&self) -> usize {
            self.0.index()
        }
    }
    let (registry, hands) = set_up();
    let pots: Family<Won, IntGauge> = registry
        .family("pots", "Pots")
        .expire_after(IDLE)
        .register()
        .unwrap();

    pots.set(&Won(true), 3);
    pots.add(&Won(true), 1);

    assert_eq!(samples(&registry), [r#"pots{won="true"} 4"#]);
    hands.advance(IDLE);
    assert_eq!(samples(&registry), [""; 0]);
    pots.add(&Won(true), 1);
    assert_eq!(samples(&registry), [r#"pots{won="true"} 1"#]);
}

#[test]
fn labels_that_a_search_takes_longer_for_are_the_same_series() {
    let (registry, _) = set_up();
    let requests = requests(&registry);
    // A value that has escapes stands in the key as a copy.
    for _ in 0..3 {
        requests.inc(&route("a\\b"));
        requests.handle(&route("a\\b")).inc();
    }

    assert_eq!(
        samples(&registry)[0],
        r#"requests_total{route="a\\b",status="200"} 6"#
    );
    assert_eq!(requests.len(), 1);
}

#[test]
fn a_registry_of_prometheus_client_lets_them_go_as_well() {
    use prometheus_client::{encoding::text::encode, registry::Registry as Theirs};

    let (registry, hands) = set_up();
    let requests = requests(&registry);
    let mut as_family = Theirs::default();
    as_family.register("hits", "Hits", requests.clone());
    let mut as_collector = Theirs::default();
    as_collector.register_collector(Box::new(registry));
    let shown = |theirs: &Theirs| {
        let mut text = String::new();
        encode(&mut text, theirs).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).count()
    };

    for theirs in [as_family, as_collector] {
        requests.inc(&route("/a"));
        assert_eq!(shown(&theirs), 1);
        hands.advance(IDLE);
        assert_eq!(shown(&theirs), 0);
    }
}

#[test]
fn the_machines_clock_goes_on_by_itself() {
    let registry = Registry::new();
    let requests = requests(&registry);
    registry.show_created(true);

    requests.inc(&route("/a"));
    let created = samples(&registry)[1]
        .split(' ')
        .next_back()
        .unwrap()
        .parse::<f64>()
        .unwrap();

    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    assert!((0.0..60.0).contains(&(now - created)), "{created} {now}");
    assert_eq!(samples(&registry).len(), 2);
}

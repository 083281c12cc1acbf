//! Which value the check of a service is built from.

use std::sync::{Arc, Mutex};

use groundcrew_envcfg::{
    Config, Dotenv, EnvSource, Profile, Report, Sources, Vars, Warning,
    preflight::{ServiceCheck, Startup, Verdict},
};

/// A check that fails in these words.
fn says(words: impl Into<String>) -> ServiceCheck {
    let words = words.into();
    let check = move || {
        let words = words.clone();
        async move { Verdict::unhealthy(words) }
    };
    ServiceCheck::new(check).once()
}

/// The problems of a start that fails, one line each.
async fn problems<C: Config + std::fmt::Debug>(startup: Startup<C>, source: &impl EnvSource) -> Vec<String> {
    lines(&startup.run(source).await.expect_err("no service is well"))
}

fn lines(report: &Report) -> Vec<String> {
    let line = |problem: &groundcrew_envcfg::Problem| {
        let variable = problem.variable().unwrap_or("-");
        format!("{variable} {}", problem.message())
    };
    report.iter().map(line).collect()
}

fn not_checked(service: &str) -> Warning {
    Warning::NotChecked {
        service: service.to_owned(),
    }
}

#[derive(Debug, Config)]
struct Alike {
    #[config(nested, prefix = "ORDERS_")]
    orders: Orders,
    #[config(nested, prefix = "STOCK_")]
    stock: Stock,
}

#[derive(Debug, Config)]
struct Orders {
    url: String,
}

#[derive(Debug, Config)]
struct Stock {
    url: String,
}

#[tokio::test(start_paused = true)]
async fn parts_that_look_alike_are_told_apart_by_their_type() {
    let vars = Vars::from([("ORDERS_URL", "orders"), ("STOCK_URL", "stock")]);
    let startup = Startup::<Alike>::new()
        .service("stock", |stock: &Stock| says(&stock.url).field("url"))
        .service("orders", |orders: &Orders| says(&orders.url).field("url"));

    assert_eq!(
        problems(startup, &vars).await,
        [
            "STOCK_URL service stock: stock",
            "ORDERS_URL service orders: orders"
        ]
    );
}

#[derive(Debug, Config)]
struct Twins {
    #[config(nested, prefix = "MAIN_")]
    main: Node,
    #[config(nested, prefix = "REPORTS_")]
    reports: Option<Reports>,
}

#[derive(Debug, Config)]
struct Reports {
    #[config(default = 7)]
    days: u32,
    #[config(nested, prefix = "DB_")]
    replica: Node,
}

#[derive(Debug, Config)]
struct Node {
    #[config(default = "localhost")]
    url: String,
    #[config(nested, prefix = "POOL_")]
    pool: Pool,
}

#[derive(Debug, Config)]
struct Pool {
    #[config(default = 4)]
    size: u32,
}

fn every_node() -> Startup<Twins> {
    Startup::new().service("node", |node: &Node| {
        says(format!("{} {}", node.url, node.pool.size)).field("pool.size")
    })
}

#[tokio::test(start_paused = true)]
async fn of_several_parts_each_is_asked_under_its_path() {
    let vars = Vars::from([("MAIN_URL", "main"), ("REPORTS_DB_URL", "replica")]);

    let report = every_node().run(&vars).await.unwrap_err();

    assert_eq!(
        lines(&report),
        [
            "MAIN_POOL_SIZE service node.main: main 4",
            "REPORTS_DB_POOL_SIZE service node.reports.replica: replica 4"
        ]
    );
    assert_eq!(report.problems()[1].code(), "service.node.reports.replica");
}

#[tokio::test(start_paused = true)]
async fn the_group_of_a_part_decides_whether_it_is_asked() {
    assert_eq!(
        problems(every_node(), &Vars::new()).await,
        ["MAIN_POOL_SIZE service node.main: localhost 4"]
    );
    // No variable of the part itself is set.
    assert_eq!(
        problems(every_node(), &Vars::from([("REPORTS_DAYS", "1")])).await,
        [
            "MAIN_POOL_SIZE service node.main: localhost 4",
            "REPORTS_DB_POOL_SIZE service node.reports.replica: localhost 4"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn one_of_several_parts_is_meant_by_its_path() {
    let startup = || {
        Startup::<Twins>::new().service_at("replica", "reports.replica", |node: &Node| {
            says(&node.url).field("url")
        })
    };

    let loaded = startup().run(&Vars::new()).await.unwrap();
    let vars = Vars::from([("REPORTS_DB_URL", "replica")]);

    assert!(loaded.config().reports.is_none());
    assert_eq!(
        problems(startup(), &vars).await,
        ["REPORTS_DB_URL service replica: replica"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_path_without_such_a_part_is_a_problem_of_every_start() {
    let startup = Startup::<Twins>::new()
        .service_at("pool", "main", |pool: &Pool| says(pool.size.to_string()))
        .service_at("whole", "", |_: &Twins| says("seen"));

    let report = startup.run(&Vars::new()).await.unwrap_err();

    let [lost, whole] = report.problems() else {
        panic!("not two problems: {report}");
    };
    assert!(
        lost.message()
            .starts_with("service pool: the configuration has no ")
            && lost.message().ends_with("::Pool at \"main\""),
        "{lost}"
    );
    assert_eq!(whole.message(), "service whole: seen");
    assert_eq!(report.exit_code(), 78);
}

#[derive(Debug, Config)]
#[config(default)]
struct Assumed {
    #[config(profile)]
    profile: Profile,
    #[config(nested, prefix = "SEARCH_")]
    search: Search,
    #[config(nested, prefix = "MIRROR_")]
    mirror: Option<Search>,
}

#[derive(Debug, Config)]
struct Search {
    url: String,
    #[config(default(production = "fast"))]
    speed: String,
}

impl Default for Assumed {
    fn default() -> Self {
        let search = |url: &str| Search {
            url: url.to_owned(),
            speed: "slow".to_owned(),
        };
        Self {
            profile: Profile::Test,
            search: search("outer"),
            mirror: Some(search("mirror")),
        }
    }
}

fn every_search() -> Startup<Assumed> {
    Startup::new().service("search", |search: &Search| {
        says(format!("{} {}", search.url, search.speed))
    })
}

#[tokio::test(start_paused = true)]
async fn a_check_sees_the_defaults_that_an_outer_struct_gives() {
    assert_eq!(
        problems(every_search(), &Vars::new()).await,
        [
            "- service search.search: outer slow",
            "- service search.mirror: mirror slow"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_profile_of_the_whole_decides_for_a_group_that_a_default_gives_too() {
    let vars = Vars::from([("PROFILE", "production"), ("SEARCH_URL", "set")]);

    assert_eq!(
        problems(every_search(), &vars).await,
        [
            "- service search.search: set fast",
            "- service search.mirror: mirror fast"
        ]
    );
    let loaded = Assumed::from_source(&vars).expect("every field has a default");
    assert_eq!(loaded.mirror.map(|mirror| mirror.speed), Some("fast".to_owned()));
}

#[derive(Debug, Config)]
struct Layers {
    port: u16,
    #[config(nested, prefix = "OUTER_")]
    outer: Outer,
}

#[derive(Debug, Config)]
struct Outer {
    size: u32,
    #[config(nested)]
    inner: Inner,
}

#[derive(Debug, Config)]
struct Inner {
    #[config(length(min = 3))]
    url: String,
}

fn layers() -> Startup<Layers> {
    Startup::new()
        .service("inner", |inner: &Inner| says(&inner.url))
        .service("outer", |outer: &Outer| says(outer.size.to_string()))
        .service("whole", |whole: &Layers| says(whole.port.to_string()))
}

#[tokio::test(start_paused = true)]
async fn what_is_right_is_asked_although_what_is_around_it_is_wrong() {
    let vars = Vars::from([("PORT", "1"), ("OUTER_SIZE", "many"), ("OUTER_URL", "inner")]);

    let report = layers().run(&vars).await.unwrap_err();

    assert_eq!(
        lines(&report),
        [
            "OUTER_SIZE expected a whole number from 0 to 4294967295",
            "- service inner: inner"
        ]
    );
    assert_eq!(report.warnings(), [not_checked("outer"), not_checked("whole")]);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_breaks_a_rule_is_not_asked() {
    let vars = Vars::from([("PORT", "1"), ("OUTER_SIZE", "2"), ("OUTER_URL", "in")]);

    let report = layers().run(&vars).await.unwrap_err();

    assert_eq!(lines(&report), ["OUTER_URL must have at least 3 characters"]);
    assert_eq!(
        report.warnings(),
        [not_checked("inner"), not_checked("outer"), not_checked("whole")]
    );
}

#[tokio::test(start_paused = true)]
async fn the_configuration_is_loaded_once_and_each_check_built_once() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let source = Counting(Mutex::default());
    let startup = Startup::<Layers>::new().service_if("inner", move |inner: &Inner| {
        noted.lock().expect("no test panics here").push(inner.url.clone());
        None::<ServiceCheck>
    });

    startup.run(&source).await.unwrap();

    assert_eq!(*seen.lock().unwrap(), ["100"]);
    let mut looked = source.0.into_inner().unwrap();
    looked.sort();
    assert_eq!(looked, ["OUTER_SIZE", "OUTER_URL", "PORT"]);
}

/// Gives every variable and notes which were asked for.
struct Counting(Mutex<Vec<String>>);

impl EnvSource for Counting {
    fn lookup(&self, name: &str) -> Option<groundcrew_envcfg::Value> {
        self.0.lock().expect("no test panics here").push(name.to_owned());
        Some(groundcrew_envcfg::Value::new(
            "100",
            groundcrew_envcfg::Origin::named("test"),
        ))
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

#[derive(Debug, Config)]
struct Outside {
    #[config(default = "main", alias = "OLD_OUTSIDE_URL")]
    outside_url: String,
}

#[tokio::test(start_paused = true)]
async fn a_mistake_of_a_file_is_reported_once_with_the_variable_that_a_part_outside_knows() {
    let file = ".env:1:13";
    let source = Sources::new().dotenv(Dotenv::text(".env", "OUTSIDE_URL='open\nPORT=1\n"));
    let startup = Startup::<Port>::new()
        .service("outside", |outside: &Outside| says(&outside.outside_url))
        .service("port", |port: &Port| says(port.port.to_string()));

    let report = startup.run(&source).await.unwrap_err();

    let [syntax, port] = report.problems() else {
        panic!("not two problems: {report}");
    };
    assert_eq!(syntax.code(), "syntax");
    assert_eq!(syntax.variable(), Some("OUTSIDE_URL"));
    assert_eq!(syntax.origin().map(ToString::to_string).as_deref(), Some(file));
    assert_eq!(port.message(), "service port: 1");
    assert_eq!(report.warnings(), [not_checked("outside")]);
}

#[derive(Debug, Config)]
struct Port {
    port: u16,
}

#[tokio::test(start_paused = true)]
async fn a_part_that_a_wrong_line_may_be_about_is_not_asked() {
    let startup = || {
        Startup::<Twins>::new()
            .service_at("main", "main", |node: &Node| says(&node.url))
            .service_at("replica", "reports.replica", |node: &Node| says(&node.url))
    };
    let file = |text: &str| Sources::new().dotenv(Dotenv::text(".env", text.to_owned()));

    let known = startup()
        .run(&file("MAIN_URL=\"open\nREPORTS_DAYS=1\n"))
        .await
        .unwrap_err();
    let unknown = startup()
        .run(&file("= lost\nREPORTS_DAYS=1\n"))
        .await
        .unwrap_err();

    assert_eq!(known.problems()[1].message(), "service replica: localhost");
    assert_eq!(known.warnings(), [not_checked("main")]);
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown.warnings(), [not_checked("main"), not_checked("replica")]);
}

#[tokio::test(start_paused = true)]
async fn what_is_read_beside_the_whole_is_no_slip_and_warns_too() {
    let vars = Vars::from([("OLD_OUTSIDE_URL", "old"), ("PORTS", "1")]);
    let startup = Startup::<Port>::new()
        .service("a", |outside: &Outside| says(&outside.outside_url).optional())
        .service("b", |outside: &Outside| says(&outside.outside_url).optional())
        .service("c", |ports: &Ports| says(ports.ports.to_string()).optional());

    let report = startup.run(&vars).await.unwrap_err();

    assert_eq!(lines(&report), ["PORT is missing"]);
    assert_eq!(report.problems()[0].suggestion(), None);
    let warnings: Vec<_> = report.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "OLD_OUTSIDE_URL is deprecated, use OUTSIDE_URL",
            "service a: old (1 attempt in 0ms)",
            "service b: old (1 attempt in 0ms)",
            "service c: 1 (1 attempt in 0ms)"
        ]
    );
}

#[derive(Debug, Config)]
struct Ports {
    ports: u16,
}

#[tokio::test(start_paused = true)]
async fn a_part_whose_defaults_depend_on_a_wrong_profile_is_not_asked() {
    let vars = Vars::from([("PROFILE", "prodd"), ("ALIKE_URL", "u")]);
    let startup = Startup::<Staged>::new()
        .service("search", |search: &Search| says(&search.url))
        .service("stock", |stock: &Stock| says(&stock.url));

    let report = startup.run(&vars).await.unwrap_err();

    assert_eq!(
        lines(&report),
        [
            "PROFILE expected one of development, test, staging, production",
            "- service stock: u"
        ]
    );
    assert_eq!(report.warnings(), [not_checked("search")]);
}

#[derive(Debug, Config)]
#[config(default)]
struct Staged {
    #[config(nested, prefix = "SEARCH_")]
    search: Search,
    #[config(nested, prefix = "ALIKE_")]
    stock: Stock,
    #[config(profile)]
    profile: Profile,
}

impl Default for Staged {
    fn default() -> Self {
        Self {
            search: Search {
                url: "outer".to_owned(),
                speed: "slow".to_owned(),
            },
            stock: Stock {
                url: "stock".to_owned(),
            },
            profile: Profile::Test,
        }
    }
}

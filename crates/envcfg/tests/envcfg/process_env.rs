//! A load from the environment of a process is a load from a map of the same variables, whatever stands in it.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt::Debug,
    os::unix::ffi::OsStringExt,
    process::{Command, Stdio},
    sync::Arc,
};

use groundcrew_envcfg::{
    Config, EnvSource, Layers, Origin, ProcessEnv, Profile, Report, Secret, Sources, Vars,
};
use proptest::{collection::vec, prelude::*, sample::select};

#[derive(Debug, Config)]
struct Peer {
    host: String,
    #[config(alias = "OLD_PORT", default = 80)]
    port: u16,
}

#[derive(Debug, Config)]
struct Settings {
    #[config(profile, default = "development")]
    node_env: Profile,
    #[config(default(production = 9))]
    workers: Option<u8>,
    #[config(default = 8080)]
    port: u16,
    token: Option<Secret>,
    #[config(nested, prefix = "PEER_")]
    peer: Option<Peer>,
    #[config(required_if(ELSEWHERE = "yes"))]
    reason: Option<String>,
    #[config(default)]
    origins: Vec<String>,
}

/// Names that the settings read, names that begin like them, and one that only a condition asks for.
const NAMES: [&str; 16] = [
    "NODE_ENV",
    "WORKERS",
    "WORKERS_",
    "PORT",
    "PORTS",
    "TOKEN",
    "TOKEN_FILE",
    "PEER_HOST",
    "PEER_PORT",
    "PEER_OLD_PORT",
    "PEER_",
    "REASON",
    "ELSEWHERE",
    "ORIGINS",
    "node_env",
    "A",
];

const VALUES: [&[u8]; 14] = [
    b"",
    b"production",
    b"prod",
    b"1",
    b"70000",
    b"yes",
    b"a,b",
    b"=",
    b"A=1",
    b"\xc3",
    b"\xa9PORT=1",
    "é".as_bytes(),
    b"\xff\xfe",
    b"/nowhere/token",
];

/// What the same variables give by another way.
fn shown<T: Debug>(loaded: Result<T, Report>) -> String {
    match loaded {
        Ok(settings) => format!("{settings:#?}"),
        Err(report) => format!("{report:#?}"),
    }
}

fn load(source: &(impl EnvSource + ?Sized)) -> String {
    shown(Settings::from_source(source))
}

#[test]
#[ignore = "run by the test below, in a process of its own"]
fn loads_agree() {
    let vars: Vars = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .collect();
    let vars = vars.origin(Origin::Environment);
    let expected = load(&vars);

    let sources = Sources::new().env().with(Vars::new());
    let layers = Layers::new().then(Vars::new()).then(ProcessEnv);
    let nested = Sources::new().with(Sources::new().env());
    let unsized_source: &dyn EnvSource = &ProcessEnv;
    assert_eq!(shown(Settings::from_env()), expected, "from_env");
    assert_eq!(load(&sources), expected, "sources");
    assert_eq!(load(&nested), expected, "sources in sources");
    assert_eq!(load(&layers), expected, "layers");
    assert_eq!(load(&(Vars::new(), ProcessEnv)), expected, "two sources");
    assert_eq!(load(unsized_source), expected, "an unsized source");
    assert_eq!(load(&Arc::new(ProcessEnv)), expected, "a shared source");
    let boxed: Box<dyn EnvSource> = Box::new(ProcessEnv);
    assert_eq!(load(&boxed), expected, "a boxed source");

    let kept = Settings::load(&ProcessEnv).map(|loaded| loaded.into_config());
    assert_eq!(shown(kept), expected, "with origins");
    let at_once: Vec<_> = std::thread::scope(|scope| {
        let loads = [0; 4].map(|_| scope.spawn(|| load(&ProcessEnv)));
        loads
            .into_iter()
            .map(|load| load.join().expect("no load panics"))
            .collect()
    });
    assert!(at_once.iter().all(|shown| *shown == expected), "at once");
}

/// Runs [`loads_agree`] in a process with this environment and nothing else.
fn agree(variables: &BTreeMap<&str, Vec<u8>>) -> Result<(), String> {
    let variables = variables
        .iter()
        .map(|(name, value)| (name, OsString::from_vec(value.clone())));
    let out = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "process_env::loads_agree", "--ignored"])
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .output()
        .expect("the same program");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    match out.status.success() && text.contains("1 passed") {
        true => Ok(()),
        false => Err(text),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_environment_loads_like_a_map_of_its_variables(
        variables in vec((select(&NAMES[..]), select(&VALUES[..])), 0..12),
        many in 0_usize..40,
    ) {
        let foreign: Vec<String> = (0..many).map(|number| format!("PORT_{number}_TCP")).collect();
        let mut all: BTreeMap<&str, Vec<u8>> = foreign
            .iter()
            .map(|name| (name.as_str(), b"tcp://10.0.0.1:80".repeat(many)))
            .collect();
        all.extend(variables.into_iter().map(|(name, value)| (name, value.to_vec())));

        prop_assert_eq!(agree(&all), Ok(()));
    }
}

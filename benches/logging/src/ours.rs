use std::{
    hint::black_box,
    io,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use groundcrew_base::Secret;
use groundcrew_logging::{
    Action, Flood, Format, Logging, LoggingBuilder, LoggingConfig, Redactor, SecretKind, Sink,
};
use tracing::{Dispatch, Level};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::candidate::Candidate;

/// Ours without redaction, which no rival has.
pub(crate) const PLAIN: Candidate = Candidate {
    name: "groundcrew",
    dispatch: || dispatch(builder().redactor(Redactor::none())),
    settle,
};

/// Ours with all that the redactor can do: the usual names, every kind of secret, hashes.
pub(crate) const REDACTED: Candidate = Candidate {
    name: "groundcrew, full redaction",
    dispatch: || {
        let redactor = Redactor::default()
            .kind(SecretKind::Email, Action::Mask)
            .key_with("iban", Action::Hash)
            .key_with("phone", Action::KeepLast(3))
            .hash_key(&Secret::from("a key of the benchmark alone"));
        dispatch(builder().redactor(redactor))
    },
    settle,
};

/// Ours where flood control holds the benchmark's events back, which are told apart by a field of their own.
pub(crate) const FLOODED: Candidate = Candidate {
    name: "groundcrew, suppressed",
    dispatch: || dispatch(flooded_by("street")),
    settle,
};

/// The same, told apart by a field of their span.
pub(crate) const FLOODED_BY_SPAN: Candidate = Candidate {
    name: "groundcrew, suppressed by a field of the span",
    dispatch: || dispatch(flooded_by("requestId")),
    settle,
};

fn flooded_by(key: &str) -> LoggingBuilder {
    builder_with(Flood::per_callsite(1, 1).key(key)).redactor(Redactor::none())
}

fn builder() -> LoggingBuilder {
    // On, as by default, but so that the benchmark's own flood passes.
    builder_with(Flood::per_callsite(u32::MAX, u32::MAX))
}

fn builder_with(flood: Flood) -> LoggingBuilder {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.flood = flood;
    Logging::builder()
        .config(config)
        .sink("nothing", Level::TRACE, Forgotten)
}

fn dispatch(builder: LoggingBuilder) -> Dispatch {
    let (layer, logging) = builder.build().expect("the configuration is right");
    handles().push(logging);
    Dispatch::new(Registry::default().with(layer))
}

fn settle() {
    for logging in handles().iter() {
        logging
            .flush(Duration::from_secs(60))
            .expect("nothing holds the sink up");
    }
}

fn handles() -> MutexGuard<'static, Vec<Logging>> {
    static HANDLES: Mutex<Vec<Logging>> = Mutex::new(Vec::new());
    HANDLES.lock().expect("nothing panics while it is locked")
}

/// Looks at the bytes and forgets them.
#[derive(Debug)]
struct Forgotten;

impl Sink for Forgotten {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        Ok(black_box(lines).len())
    }
}

//! Sampling: a request is in the log as a whole, or only where it matters.

use groundcrew_logging::{AuditOutcome, Logging, Sampling, audit};
use proptest::prelude::*;
use serde_json::json;
use tracing::{Level, Span, debug, error, field, info, info_span, warn};

use crate::capture::{DEADLINE, Kept, at, run};

/// The lines and the number of those left out, of what `work` logs.
fn sampled(sampling: Sampling, work: impl FnOnce()) -> (Vec<String>, u64) {
    let kept = Kept::default();
    let builder =
        Logging::builder()
            .config(at("trace"))
            .sampling(sampling)
            .sink("kept", Level::TRACE, kept.clone());
    let lines = run(builder, |logging| {
        work();
        logging.flush(DEADLINE).unwrap();
        logging.stats().lines
    });
    assert_eq!(lines.accepted, lines.written + lines.dropped.total());
    let messages = kept
        .lines()
        .iter()
        .map(|line| line.message().to_owned())
        .collect();
    (messages, lines.dropped.sampled)
}

/// A trace id whose randomness is so many parts of 256.
fn trace(share: u8) -> String {
    format!("0af7651916cd43dd84{share:02x}eb211c80319c")
}

fn request(trace: &str) -> Span {
    info_span!("request", trace_id = trace, requestId = "r-1")
}

#[test]
fn a_request_is_in_or_out_as_a_whole() {
    for (share, expected) in [(0x7f, vec![]), (0x80, vec!["one", "deep", "two"])] {
        let (messages, left_out) = sampled(Sampling::share(0.5), || {
            request(&trace(share)).in_scope(|| {
                info!("one");
                info_span!("inner").in_scope(|| debug!("deep"));
                info!("two");
            });
        });

        assert_eq!(messages, expected, "{share:x}");
        assert_eq!(left_out, 3 - expected.len() as u64);
    }
}

#[test]
fn what_matters_is_kept_of_a_request_that_is_out() {
    let (messages, left_out) = sampled(Sampling::share(0.0), || {
        info!("outside of requests");
        request(&trace(0xff)).in_scope(|| {
            info!("out");
            debug!("out");
            warn!("a warning");
            error!("an error");
            info!(alert.key = "pool", "an alert");
            audit!(actor: "u", action: "close", resource: "t", outcome: AuditOutcome::Failed);
        });
    });

    assert_eq!(
        messages,
        [
            "outside of requests",
            "a warning",
            "an error",
            "an alert",
            "Audit: close"
        ]
    );
    assert_eq!(left_out, 2);
}

#[test]
fn levels_and_targets_have_shares_of_their_own() {
    let sampling = Sampling::share(0.5)
        .level(Level::DEBUG, 0.25)
        .level(Level::WARN, 0.9)
        .target("pay", 1.0)
        .target("pay::cards", 0.0)
        .target_level("pay", Level::TRACE, 0.0);
    let log = |share: u8| {
        request(&trace(share)).in_scope(|| {
            info!(share, "info");
            debug!(share, "debug");
            warn!(share, "warn");
            info!(target: "pay", share, "pay");
            info!(target: "pay::bank", share, "pay::bank");
            info!(target: "pay::cards", share, "pay::cards");
            tracing::trace!(target: "pay", share, "pay trace");
            warn!(target: "pay::cards", share, "pay::cards warn");
        });
    };

    let of = |share| sampled(sampling.clone(), || log(share)).0;

    assert_eq!(
        of(0xc0),
        ["info", "debug", "warn", "pay", "pay::bank", "pay::cards warn"]
    );
    assert_eq!(of(0x80), ["info", "warn", "pay", "pay::bank", "pay::cards warn"]);
    assert_eq!(of(0x10), ["pay", "pay::bank"]);
}

#[test]
fn without_a_trace_the_request_id_decides() {
    let ids: Vec<String> = (0..400).map(|n| format!("r-{n}")).collect();
    let (messages, left_out) = sampled(Sampling::share(0.25), || {
        for id in &ids {
            info_span!("request", requestId = %id).in_scope(|| {
                info!("{id}");
                info!("{id}");
            });
        }
    });

    assert_eq!(messages.len() as u64 + left_out, 800);
    assert!(messages.chunks(2).all(|pair| pair[0] == pair[1]));
    assert!((60..140).contains(&(messages.len() / 2)), "{}", messages.len());
}

#[test]
fn the_callers_decision_is_followed_where_that_is_asked_for() {
    let log = |caller: Option<bool>| {
        let span = info_span!("request", trace_id = %trace(0xff), trace_sampled = caller);
        move || span.in_scope(|| info!("x"))
    };

    for (honours, caller, lines) in [
        (true, Some(true), 1),
        (true, Some(false), 0),
        (true, None, 1),
        (false, Some(false), 1),
    ] {
        let sampling = if honours {
            Sampling::share(0.5).honour_parent()
        } else {
            Sampling::share(0.5)
        };
        let (messages, _) = sampled(sampling, || log(caller)());
        assert_eq!(messages.len(), lines, "{honours} {caller:?}");
    }
    let (messages, _) = sampled(Sampling::share(0.0).honour_parent(), log(Some(true)));
    assert_eq!(messages.len(), 1);
}

#[test]
fn an_identifier_that_is_recorded_later_decides_from_then_on() {
    let (messages, _) = sampled(Sampling::share(0.5), || {
        let span = info_span!("request", trace_id = field::Empty);
        let inner = span.in_scope(|| info_span!("inner"));
        inner.in_scope(|| info!("before"));
        span.record("trace_id", trace(0x00));
        inner.in_scope(|| info!("out"));
        span.record("trace_id", trace(0xff));
        inner.in_scope(|| info!("in"));
    });

    assert_eq!(messages, ["before", "in"]);
}

#[test]
fn an_event_with_an_explicit_parent_belongs_to_that_request() {
    let (messages, _) = sampled(Sampling::share(0.5), || {
        let (out, kept) = (request(&trace(0x00)), request(&trace(0xff)));
        out.in_scope(|| {
            info!(parent: &kept, "kept");
            info!("out");
        });
    });

    assert_eq!(messages, ["kept"]);
}

#[test]
fn what_is_left_out_is_counted_as_an_event_and_in_each_sink() {
    let builder = Logging::builder()
        .config(at("trace"))
        .sampling(Sampling::share(0.0))
        .sink("all", Level::TRACE, Kept::default())
        .sink("grave", Level::WARN, Kept::default());

    run(builder, |logging| {
        request(&trace(0)).in_scope(|| info!("x"));
        let stats = logging.stats();
        assert_eq!(stats.events.info, 1);
        let of = |at: usize| {
            json!([
                stats.sinks[at].lines.accepted,
                stats.sinks[at].lines.dropped.sampled
            ])
        };
        assert_eq!((of(0), of(1)), (json!([1, 1]), json!([0, 0])));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_larger_share_keeps_all_of_a_smaller_one(id: u128, one in 0.0..1.0, other in 0.0..1.0) {
        let kept = |share: f64| {
            let id = format!("{id:032x}");
            sampled(Sampling::share(share), || request(&id).in_scope(|| info!("x"))).0.len()
        };
        let (small, large) = if one < other { (one, other) } else { (other, one) };

        prop_assert!(kept(small) <= kept(large));
    }
}

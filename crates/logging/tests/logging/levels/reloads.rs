//! What goes wrong with filters of `tracing-subscriber` that are reloaded, and not here.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tracing::{Event, Level, Subscriber, info, level_filters::LevelFilter, span, trace, warn};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt,
    layer::{Context, SubscriberExt as _},
    reload,
};

use super::{LONG, keeping, messages};
use crate::capture::{Kept, run};

/// tokio-rs/tracing#1629: replacing a layer that has a filter of its own makes events go through a filter that
/// nobody has registered.
mod a_layer_with_a_filter_is_reloaded {
    use super::*;

    type Quiet = Box<dyn Layer<Registry> + Send + Sync>;

    fn theirs() -> Quiet {
        fmt::layer()
            .with_writer(std::io::sink)
            .with_filter(LevelFilter::TRACE)
            .boxed()
    }

    #[test]
    fn theirs_panics() {
        let (layer, handle) = reload::Layer::new(theirs());
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tracing::subscriber::with_default(Registry::default().with(layer), || {
                info!("Before reload");
                handle.reload(theirs()).unwrap();
                info!("After reload");
            });
        }));

        assert!(
            outcome.is_err(),
            "the bug is gone: this control is no more needed"
        );
    }

    #[test]
    fn ours_changes() {
        let kept = Kept::default();

        run(keeping(&kept, "trace"), |logging| {
            info!("Before reload");
            logging.set_filter(Level::TRACE);
            logging.set_filter(Level::WARN);
            info!("hidden");
            logging.set_filter(Level::INFO);
            info!("After reload");

            assert_eq!(messages(logging, &kept), ["Before reload", "After reload"]);
        });
    }
}

/// tokio-rs/tracing#2413: a filter that can be reloaded hides events from the layers beside it.
mod a_layer_without_a_hint_stands_beside_a_reloadable_filter {
    use super::*;

    struct NoMaxHint(Arc<AtomicU64>);

    impl<S: Subscriber> Layer<S> for NoMaxHint {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn theirs_hides_events() {
        let seen = Arc::new(AtomicU64::new(0));
        let (reload, _handle) = reload::Layer::new(LevelFilter::INFO);
        let subscriber = Registry::default()
            .with(reload)
            .with(NoMaxHint(Arc::clone(&seen)));

        tracing::subscriber::with_default(subscriber, || trace!("x"));

        assert_eq!(
            seen.load(Ordering::Relaxed),
            0,
            "the bug is gone: this control is no more needed"
        );
    }

    #[test]
    fn ours_does_not_before_and_after_a_change() {
        let (kept, seen) = (Kept::default(), Arc::new(AtomicU64::new(0)));
        let (layer, logging) = keeping(&kept, "info").build().unwrap();
        let subscriber = Registry::default().with(layer).with(NoMaxHint(Arc::clone(&seen)));

        tracing::subscriber::with_default(subscriber, || {
            assert_eq!(LevelFilter::current(), LevelFilter::TRACE);
            trace!("x");
            logging.set_filter(Level::ERROR);
            trace!("x");
            logging.set_level_for("*", Level::TRACE, LONG).unwrap();
            trace!("ours too");
        });

        assert_eq!(seen.load(Ordering::Relaxed), 3);
        assert_eq!(messages(&logging, &kept), ["ours too"]);
    }
}

/// tokio-rs/tracing#2458: what a span was when the filter was reloaded decides about its events for ever.
mod a_span_is_older_than_the_filter {
    use super::*;

    fn work() {
        trace!("trace");
        warn!("warn");
    }

    #[test]
    fn theirs_stays_silent_inside_of_it() {
        let (writer, text) = (Kept::default(), Kept::default());
        let (filter, handle) = reload::Layer::new(EnvFilter::new("error"));
        let layer = fmt::layer()
            .with_writer(move || Written(writer.clone()))
            .with_filter(filter);

        tracing::subscriber::with_default(Registry::default().with(layer), || {
            let span = span!(Level::TRACE, "abc");
            handle.reload(EnvFilter::new("[abc]=trace")).unwrap();
            span.in_scope(work);
        });

        assert_eq!(text.text(), "", "the bug is gone: this control is no more needed");
    }

    #[test]
    fn ours_logs_what_the_filter_now_says() {
        let kept = Kept::default();

        run(keeping(&kept, "error"), |logging| {
            let span = span!(Level::TRACE, "abc", n = 1);
            logging.set_level_for(module_path!(), Level::TRACE, LONG).unwrap();
            span.in_scope(work);
            let later = span!(Level::TRACE, "abc", n = 2);
            later.in_scope(work);

            logging.reset_levels();
            later.in_scope(work);
            assert_eq!(messages(logging, &kept), ["trace", "warn", "trace", "warn"]);
            let lines = kept.lines();
            assert_eq!(lines.last().unwrap().message(), "log levels reset");
            let numbers: Vec<_> = lines.iter().map(|line| line.field("n").as_u64()).collect();
            assert_eq!(numbers[1..5], [None, None, Some(2), Some(2)]);
        });
    }

    struct Written(Kept);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            groundcrew_logging::Sink::write(&mut self.0, bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    cell::Cell,
    fmt, io,
    io::Write as _,
    panic::{self, PanicHookInfo},
    ptr,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Instant,
};

use tracing::{Level, Metadata};

use crate::{
    Redactor,
    core::Core,
    encoder::Marks,
    notice::{Notice, TARGET, Value},
    owner, writer,
};

/// What is known of a panic, with nothing in it that must not be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PanicReport {
    /// The redacted message.
    pub message: String,
    /// `file:line:column`.
    pub location: String,
    /// The name of the thread, if it has one.
    pub thread: Option<String>,
}

impl PanicReport {
    fn new(info: &PanicHookInfo<'_>, redactor: &Redactor) -> Self {
        Self {
            message: redactor.text(message(info)).into_owned(),
            location: info
                .location()
                .map_or_else(|| "unknown".to_owned(), ToString::to_string),
            thread: thread::current().name().map(ToOwned::to_owned),
        }
    }
}

/// What becomes of the panic hook that was there before ours, when there is something to mask in the message.
///
/// The standard library's own hook, which is there if nobody has set another one, never gets such a message: the masked
/// one is written to the standard error in its place. A message with nothing to mask goes to every hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PanicChain {
    /// It runs, as it may count, tell or end the process. It gets the panic as it is: what it prints is not masked.
    #[default]
    Always,
    /// It does not run, and the masked message is written to the standard error: for a hook that only prints.
    WhenClean,
}

/// The callback of [`crate::LoggingBuilder::on_panic`].
#[derive(Clone, Default)]
pub(crate) struct OnPanic(pub(crate) Option<Callback>);

type Callback = Arc<dyn Fn(&PanicReport) + Send + Sync>;

impl fmt::Debug for OnPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnPanic").field(&self.0.is_some()).finish()
    }
}

/// The hook that was there before.
struct Previous {
    hook: Hook,
    /// Whether it gets a message in which there is something to mask.
    gets_all: bool,
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

impl Previous {
    fn take(chain: PanicChain) -> Self {
        let hook = panic::take_hook();
        // None is set any more: this is the one of the standard library, which has no place of its own and is known by its code.
        let standard = panic::take_hook();
        let is_standard = ptr::eq(&raw const *hook, &raw const *standard);
        Self {
            hook,
            gets_all: !is_standard && chain == PanicChain::Always,
        }
    }

    /// Lets it show the panic, or shows it masked in its place.
    fn show(&self, report: &PanicReport, info: &PanicHookInfo<'_>) {
        if self.gets_all || report.message == message(info) {
            return (self.hook)(info);
        }
        let line = format!(
            "thread '{}' panicked at {}:\n{}\n",
            report.thread.as_deref().unwrap_or("<unnamed>"),
            report.location,
            report.message
        );
        // There is nobody left to tell.
        io::stderr().write_all(line.as_bytes()).ok();
    }
}

thread_local! {
    static LOGGED: Cell<bool> = const { Cell::new(false) };
    static ALERTED: Cell<bool> = const { Cell::new(false) };
}

/// The layer tells that an event of ours has reached it: inside of a subscriber, none does.
pub(crate) fn note_logged(metadata: &Metadata<'_>) {
    if *metadata.level() == Level::ERROR && metadata.target() == TARGET {
        LOGGED.try_with(|logged| logged.set(true)).ok();
    }
}

/// The desk tells that it has handed an event of ours to the sinks of alerts.
pub(crate) fn note_alerted() {
    ALERTED.try_with(|alerted| alerted.set(true)).ok();
}

/// Puts our hook in front of the one that is there, once.
pub(crate) fn install(core: &Arc<Core>) {
    if core.has_panic_hook.swap(true, Ordering::Relaxed) {
        return;
    }
    let previous = Previous::take(core.panic_chain);
    let (core, redactor) = (Arc::downgrade(core), core.frame.redactor.clone());
    panic::set_hook(Box::new(move |info| {
        let report = PanicReport::new(info, &redactor);
        // The writer cannot log its own panic; it goes on without the sink's lines.
        if !writer::is_this_thread()
            && let Some(core) = core.upgrade()
        {
            tell(&core, &report);
            owner::let_go(core);
        }
        previous.show(&report, info);
    }));
}

/// Logs the panic and calls back.
fn tell(core: &Core, report: &PanicReport) {
    log(core, report);
    flush(core, report.thread.as_deref());
    if let OnPanic(Some(callback)) = &core.on_panic {
        callback(report);
    }
}

/// Where the process may end with the panic, those who must know are told first.
fn flush(core: &Core, thread: Option<&str>) {
    let start = Instant::now();
    core.queue.flush(core.flush_timeout).ok();
    if cfg!(panic = "abort") || thread == Some("main") {
        core.flush_remote(core.flush_timeout.saturating_sub(start.elapsed()));
    }
}

fn log(core: &Core, report: &PanicReport) {
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let key = format!("panic/{}", report.location);
    LOGGED.set(false);
    ALERTED.set(false);
    tracing::error!(
        target: TARGET,
        severity = "critical",
        alert.key = key,
        location = report.location,
        thread = report.thread.as_deref(),
        backtrace,
        "panic: {}",
        report.message
    );
    let message = format!("panic: {}", report.message);
    if !ALERTED.get() {
        core.alert_panic(&key, &message);
    }
    if !LOGGED.get() {
        log_past_tracing(core, report, [&key, &message], backtrace.as_deref());
    }
}

/// Logs a panic of which no event has come through: it happened inside of a subscriber.
fn log_past_tracing(core: &Core, report: &PanicReport, [key, message]: [&str; 2], backtrace: Option<&str>) {
    let mut fields = vec![
        ("severity", Value::Text("critical")),
        ("alert.key", Value::Text(key)),
        ("location", Value::Text(&report.location)),
    ];
    let thread = report.thread.as_deref();
    fields.extend(thread.map(|thread| ("thread", Value::Text(thread))));
    fields.extend(backtrace.map(|trace| ("backtrace", Value::Text(trace))));
    let notice = Notice {
        level: Level::ERROR,
        message,
        fields: &fields,
    };
    let marks = Marks {
        is_critical: true,
        ..Marks::default()
    };
    core.log_notice(&notice, marks);
}

fn message<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or("a value that is no text")
}

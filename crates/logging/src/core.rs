use std::{
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use tracing::{Event, Level};

use crate::{
    alert::{self, AlertDesk},
    chain::Chain,
    encoder::Marks,
    file::{Archiver, FileCounters},
    filter::SharedFilter,
    flood::Floods,
    frame::Frame,
    held::{Held, Hold},
    levels::Levels,
    moment::Moment,
    notice::Notice,
    panic::{OnPanic, PanicChain},
    queue::Queue,
    remote::{Remote, joined, later},
    sink::Routes,
    stats::{EventCounters, EventKind, LineCounts, LoggingStats, SinkStats},
    timer::Timer,
};

/// What the layers, the handle and the panic hook share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) frame: Arc<Frame>,
    pub(crate) filter: SharedFilter,
    pub(crate) levels: Levels,
    pub(crate) queue: Arc<Queue>,
    pub(crate) routes: Routes,
    pub(crate) counters: EventCounters,
    pub(crate) held: Held,
    pub(crate) floods: Floods,
    pub(crate) timer: Timer,
    pub(crate) alerts: Option<AlertDesk>,
    pub(crate) on_panic: OnPanic,
    pub(crate) panic_chain: PanicChain,
    pub(crate) has_panic_hook: AtomicBool,
    pub(crate) outlets: Vec<OutletInfo>,
    pub(crate) archiver: Archiver,
    pub(crate) queue_capacity: u64,
    pub(crate) flush_timeout: Duration,
}

/// What is known of an outlet after the writer has taken it.
#[derive(Debug)]
pub(crate) struct OutletInfo {
    pub(crate) name: String,
    pub(crate) file: Option<Arc<FileCounters>>,
    /// Where the lines go that the outlet hands on.
    pub(crate) remote: Option<Arc<dyn Remote>>,
}

impl Core {
    /// Hands an event on that is an alert, because it says so or by a rule.
    pub(crate) fn alert(
        &self,
        event: &Event<'_>,
        is_alert: bool,
        time: Moment,
        (line, chain): (&str, &Chain),
    ) {
        if let Some(alerts) = &self.alerts
            && (is_alert || alerts.watches(*event.metadata().level()))
        {
            alerts.consider(event, is_alert, time.into(), (line.as_bytes(), chain));
        }
    }

    /// Hands a panic on that no event could tell of.
    pub(crate) fn alert_panic(&self, key: &str, message: &str) {
        if let Some(alerts) = &self.alerts
            && !alert::is_this_thread()
        {
            self.counters.count_alert();
            alerts.push_panic(key, message, self.frame.clock.now());
        }
    }

    /// Waits for those who send over the network; says how many lines and alerts they have not sent.
    pub(crate) fn flush_remote(&self, deadline: Duration) -> u64 {
        let start = Instant::now();
        let lines = self.flush_lines(deadline);
        let left = deadline.saturating_sub(start.elapsed());
        lines + self.alerts.as_ref().map_or(0, |alerts| alerts.flush(left))
    }

    /// Waits for those who send lines over the network; says how many they have not sent.
    pub(crate) fn flush_lines(&self, deadline: Duration) -> u64 {
        let end = later(deadline);
        self.remotes().map(|remote| remote.flush(end)).sum()
    }

    pub(crate) fn remotes(&self) -> impl Iterator<Item = &dyn Remote> {
        self.outlets.iter().filter_map(|outlet| outlet.remote.as_deref())
    }

    /// Logs past the subscriber, as an event of its own.
    pub(crate) fn log_notice(&self, notice: &Notice<'_>, marks: Marks) {
        self.counters.count(EventKind::of(notice.level, marks));
        let (json, console) = (self.routes.json(notice.level), self.routes.console(notice.level));
        if json != 0 {
            self.queue.push(&notice.json(&self.frame), notice.level, json);
        }
        if console != 0 {
            self.queue
                .push(&notice.console(&self.frame), notice.level, console);
        }
    }

    /// Counts an event that gets no line.
    pub(crate) fn hold(&self, hold: Hold, level: Level) {
        self.counters.count(EventKind::of(level, Marks::default()));
        self.held.count(hold, level);
    }

    /// Does what has become due; says when to come again.
    pub(crate) fn tick(&self) -> Option<Instant> {
        self.report_floods();
        self.filter.settle();
        let now = Instant::now();
        let next = self.levels.expire(now, &|notice| self.tell(notice));
        if !self.filter.is_unsettled() {
            return next;
        }
        let settled = now + SETTLING;
        Some(next.map_or(settled, |next| next.min(settled)))
    }

    /// Logs a notice that is nobody's failure.
    pub(crate) fn tell(&self, notice: &Notice<'_>) {
        self.log_notice(notice, Marks::default());
    }

    /// Tells what flood control has suppressed.
    pub(crate) fn report_floods(&self) {
        self.floods
            .report(self.frame.flood.key(), |notice| self.tell(notice));
    }

    /// Hands a finished line for people on.
    pub(crate) fn push_console(&self, line: &[u8], level: Level) {
        let event = line.strip_suffix(b"\n").unwrap_or(line);
        let (event, mark) = self.console_event(event);
        let line = [event, mark.as_bytes(), self.frame.console_end.as_slice()].concat();
        self.queue.push(&line, level, self.routes.console(level));
    }

    /// As much of a line for people as a line may have, and what tells that it is cut.
    fn console_event<'a>(&self, event: &'a [u8]) -> (&'a [u8], &'static str) {
        let most = self.frame.line_limit.saturating_sub(CUT_LINE.len());
        if event.len() <= most {
            return (event, "");
        }
        let text = String::from_utf8_lossy(event);
        (
            event.get(..text.floor_char_boundary(most)).unwrap_or_default(),
            CUT_LINE,
        )
    }

    pub(crate) fn stats(&self) -> LoggingStats {
        // First, so that no line is counted further on its way than it has come.
        let remotes: Vec<Option<LineCounts>> = self
            .outlets
            .iter()
            .map(|outlet| outlet.remote.as_ref().map(|remote| remote.counts()))
            .collect();
        let (counts, queue_bytes) = self.queue.snapshot();
        let mut lines = LineCounts::default();
        let sinks = self.outlets.iter().zip(counts).zip(remotes).enumerate().map(
            |(at, ((outlet, mut counts), remote))| {
                self.held.add_to(&mut counts.lines, &self.routes, at);
                if let Some(far) = remote {
                    counts.lines = joined(&counts.lines, &far);
                }
                lines.add(&counts.lines);
                SinkStats {
                    name: outlet.name.clone(),
                    lines: counts.lines,
                    bytes: counts.bytes,
                    errors: counts.errors,
                    panics: counts.panics,
                    partial_writes: counts.partial_writes,
                    file: outlet.file.as_deref().map(FileCounters::snapshot),
                }
            },
        );
        let sinks = sinks.collect();
        let alert_sinks = self.alerts.as_ref().map(AlertDesk::stats).unwrap_or_default();
        LoggingStats {
            events: self.counters.snapshot(self.queue.events()),
            lines,
            sinks,
            queue_bytes,
            queue_capacity: self.queue_capacity,
            alerts: AlertDesk::counts(&alert_sinks),
            alert_sinks,
        }
    }
}

impl Drop for Core {
    /// Nobody can log any more: the writer gets its time to end.
    fn drop(&mut self) {
        let start = Instant::now();
        self.report_floods();
        self.queue.close();
        self.queue.await_end(self.flush_timeout);
        let end = later(self.flush_timeout.saturating_sub(start.elapsed()));
        self.remotes().for_each(|remote| remote.close(end));
        self.remotes().for_each(|remote| {
            remote.await_end(end);
        });
        let left = self.flush_timeout.saturating_sub(start.elapsed());
        self.archiver.close(left);
    }
}

/// After how long a change of levels has reached every callsite for certain.
pub(crate) const SETTLING: Duration = Duration::from_millis(100);

/// Stands where a line for people was cut.
const CUT_LINE: &str = "…";

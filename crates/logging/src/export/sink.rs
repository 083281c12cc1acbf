use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use groundcrew_base::{Clock, error_text};
use tracing::Level;

use super::{Export, ExportError, buffer::ExportBuffer, error::Failure};
use crate::{
    Error, Redactor, Sink,
    closing::Closing,
    courier::{Courier, CourierSettings},
    notice::Value,
    profile::Profile,
    remote::Remote as _,
    reporter::Reporter,
    writer,
};

/// Sends batches of lines.
pub(crate) trait Exporter: Send {
    /// How much goes into one batch: bytes and lines.
    fn most(&self) -> (usize, u64);

    /// Sends one batch; says how many of the lines were taken.
    fn export(&mut self, lines: &[&[u8]]) -> Result<u64, ExportError>;

    /// Is called when no more will come.
    fn end(&mut self) {}
}

/// What an exporter knows of the log.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) service: String,
    pub(crate) version: String,
    pub(crate) environment: String,
    pub(crate) profile: Profile,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    pub(crate) reporter: Reporter,
    pub(crate) closing: Closing,
}

impl Place {
    pub(super) fn courier(&self, settings: CourierSettings) -> Result<Courier, ExportError> {
        let (clock, redactor) = (self.clock.clone(), self.redactor.clone());
        let courier = Courier::new(
            settings,
            clock,
            redactor,
            self.closing.clone(),
            writer::mark_this_thread,
        );
        courier.map_err(|error| Failure::Tls(error).into())
    }
}

/// The side of the writer: hands lines on and never waits.
#[derive(Debug)]
pub(crate) struct ExportSink(Arc<ExportBuffer>);

impl ExportSink {
    /// Starts the thread that sends.
    pub(crate) fn start(export: Export, mut place: Place) -> Result<(Self, Arc<ExportBuffer>), Error> {
        let capacity = usize::try_from(export.buffer.bytes()).unwrap_or(usize::MAX);
        let buffer = ExportBuffer::new(capacity, export.age);
        place.closing = buffer.closing().clone();
        let name = export.name;
        let exporter =
            (export.open)(&place, export.courier).map_err(|source| Error::Export { name, source })?;
        let sending = Sending {
            name,
            buffer: Arc::clone(&buffer),
            exporter,
            reporter: place.reporter,
            told: None,
            lost: 0,
        };
        thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || sending.run())
            .map_err(|source| Error::Thread { name: THREAD, source })?;
        Ok((Self(Arc::clone(&buffer)), buffer))
    }
}

impl Sink for ExportSink {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.push(lines);
        Ok(lines.len())
    }
}

impl Drop for ExportSink {
    /// The writer has ended: there is a while for the rest, unless somebody has set another deadline.
    fn drop(&mut self) {
        self.0.close(Instant::now() + LAST_WHILE);
    }
}

/// The side of the thread.
struct Sending {
    name: &'static str,
    buffer: Arc<ExportBuffer>,
    exporter: Box<dyn Exporter>,
    reporter: Reporter,
    told: Option<Instant>,
    /// Lines lost since that was told.
    lost: u64,
}

impl Sending {
    fn run(mut self) {
        writer::mark_this_thread();
        while let Some(bytes) = self.buffer.take(self.exporter.most()) {
            if !self.send_all(&bytes) {
                break;
            }
        }
        self.exporter.end();
    }

    /// Sends in batches; whether to go on.
    fn send_all(&mut self, bytes: &[u8]) -> bool {
        let (most_bytes, most_lines) = self.exporter.most();
        let most_lines = usize::try_from(most_lines).unwrap_or(usize::MAX);
        let mut batch: Vec<&[u8]> = Vec::new();
        let mut size = 0;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if !batch.is_empty() && (size + line.len() > most_bytes || batch.len() == most_lines) {
                if !self.send(&batch, size) {
                    return false;
                }
                batch.clear();
                size = 0;
            }
            size += line.len();
            batch.push(line);
        }
        self.send(&batch, size)
    }

    fn send(&mut self, batch: &[&[u8]], size: usize) -> bool {
        let lines = batch.len() as u64;
        // An exporter that panics loses its batch, not the log. The panic hook has told.
        let result = catch_unwind(AssertUnwindSafe(|| self.exporter.export(batch)));
        let delivered = match &result {
            Ok(Ok(taken)) => (*taken).min(lines),
            Ok(Err(_)) | Err(_) => 0,
        };
        self.lost += lines - delivered;
        if let Ok(Err(error)) = &result {
            self.tell(error);
        }
        self.buffer.settle(delivered, lines - delivered, size)
    }

    fn tell(&mut self, error: &ExportError) {
        // The report of the shutdown tells of what comes too late.
        let is_too_late = self.buffer.closing().is_over();
        if is_too_late || self.told.is_some_and(|told| told.elapsed() < TOLD_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let text = error_text(error);
        let fields = [
            ("sink", Value::Text(self.name)),
            ("lines", Value::Number(self.lost)),
            ("error", Value::Text(&text)),
        ];
        self.reporter
            .report(Level::WARN, "log lines were not exported", &fields);
        self.lost = 0;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.buffer.end();
    }
}

const THREAD: &str = "log-export";
const TOLD_EVERY: Duration = Duration::from_secs(60);
const LAST_WHILE: Duration = Duration::from_secs(5);

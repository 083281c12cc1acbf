use std::{
    mem,
    sync::{Arc, atomic::AtomicBool},
};

use groundcrew_base::ByteSize;

use super::LoggingBuilder;
use crate::{
    Error, LogFile, Redactor,
    alert::{AlertDesk, Origin},
    batch::Batch,
    core::{Core, OutletInfo},
    encoder::Marks,
    filter::SharedFilter,
    flood::Floods,
    frame::{Frame, FrameParts},
    held::Held,
    lane,
    levels::Levels,
    outlets::{FileOutlets, Outlets},
    queue::Queue,
    ring::{Ring, RingNotice},
    sink::{Outlet, Routes},
    stats::EventCounters,
    timer::Timer,
    writer::Writer,
};

/// How its parts come together.
impl LoggingBuilder {
    pub(super) fn core(mut self) -> Result<Arc<Core>, Error> {
        let frame = Arc::new(self.frame()?);
        // It looks at the files before anybody opens them.
        let ring = self.ring()?;
        let Outlets {
            taken,
            infos,
            archiver,
        } = self.outlets()?;
        let flow = self.flow(ring, taken, &infos, &frame)?;
        let alerts = self.alerts(&frame)?;
        flow.writer.start(flow.spare)?;
        let filter = SharedFilter::new(self.config.level.clone(), alerts.is_some());
        let core = Core {
            frame,
            levels: Levels::new(self.config.level, filter.clone()),
            filter,
            queue: flow.queue,
            routes: flow.routes,
            counters: EventCounters::default(),
            held: Held::default(),
            floods: Floods::default(),
            timer: Timer::default(),
            alerts,
            on_panic: self.on_panic,
            panic_chain: self.panic_chain,
            has_panic_hook: AtomicBool::new(false),
            outlets: infos,
            archiver: archiver.start()?,
            queue_capacity: self.config.queue_size.bytes(),
            flush_timeout: self.config.flush_timeout,
        };
        for notice in &flow.notices {
            notice.log(|notice| core.log_notice(notice, Marks::default()));
        }
        Ok(Arc::new(core))
    }

    /// The queue, with the lines that an earlier process has left, and what empties it.
    fn flow(
        &self,
        ring: Option<Ring>,
        mut taken: Vec<Outlet>,
        infos: &[OutletInfo],
        frame: &Arc<Frame>,
    ) -> Result<Flow, Error> {
        let bytes = usize::try_from(self.config.queue_size.bytes()).unwrap_or(usize::MAX);
        let is_file = |info: &OutletInfo| info.file.is_some();
        // The files follow the standard output.
        let first_file = infos.iter().take_while(|info| !is_file(info)).count();
        let (buffers, replayed, notices) = ring
            .map(|ring| ring.start(&mut taken, first_file, bytes))
            .unwrap_or_default();
        let routes = Routes::new(&taken);
        let overflow = self.config.overflow;
        let outputs = lane::spread(
            taken,
            |at| infos.get(at).is_some_and(is_file),
            bytes,
            overflow,
            frame,
        )?;
        let queue =
            Queue::new(bytes, overflow, outputs.len(), buffers.filled).with_lanes(lane::queues(&outputs));
        queue.note_own(&replayed);
        let queue = Arc::new(queue);
        Ok(Flow {
            writer: Writer::new(Arc::clone(&queue), Arc::clone(frame), outputs).journal(buffers.journal),
            queue,
            routes,
            spare: buffers.spare,
            notices,
        })
    }

    fn outlets(&mut self) -> Result<Outlets, Error> {
        let mut outlets = Outlets::default();
        outlets.add_stdout(self.format())?;
        let files = FileOutlets {
            clock: &self.clock,
            is_crash_safe: self.config.crash_safe,
            #[cfg(feature = "sighup")]
            reopens_on_hangup: self.reopens_on_hangup,
        };
        for file in self.config.files().iter().chain(&self.files) {
            outlets.add_file(file, &files)?;
        }
        for outlet in self.sinks.drain(..) {
            outlets.add(outlet);
        }
        #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
        self.add_exports(&mut outlets)?;
        outlets.check()?;
        Ok(outlets)
    }

    #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
    fn add_exports(&mut self, outlets: &mut Outlets) -> Result<(), Error> {
        let place = crate::export::Place {
            service: self.service.clone(),
            version: self.version.clone(),
            environment: self.environment.clone(),
            profile: self.config.profile,
            clock: self.clock.clone(),
            redactor: self.whole_redactor(),
            reporter: self.reporter.clone(),
            closing: crate::closing::Closing::default(),
        };
        let configured = self.config.exports.exports();
        let mut exports = mem::take(&mut self.exports).into_iter().chain(configured);
        exports.try_for_each(|export| outlets.add_export(export, place.clone()))
    }

    fn ring(&self) -> Result<Option<Ring>, Error> {
        let directory = self.config.dir.as_ref().filter(|_| self.config.crash_safe);
        let files = self.config.files();
        let files: Vec<&LogFile> = files.iter().chain(&self.files).collect();
        directory
            .map(|directory| Ring::open(directory, &files))
            .transpose()
    }

    fn alerts(&mut self, frame: &Frame) -> Result<Option<AlertDesk>, Error> {
        #[cfg(feature = "alerts")]
        {
            let (routes, rule) = self.config.alerts.routes();
            self.alert_routes.extend(routes);
            self.alert_rules.extend(rule);
        }
        if self.alert_routes.is_empty() {
            return Ok(None);
        }
        let origin = Origin {
            service: self.service.clone(),
            version: self.version.clone(),
            environment: self.environment.clone(),
            clock: self.clock.clone(),
            redactor: frame.redactor.clone(),
            reporter: self.reporter.clone(),
        };
        let (routes, rules) = (
            mem::take(&mut self.alert_routes),
            mem::take(&mut self.alert_rules),
        );
        AlertDesk::start(routes, rules, &origin).map(Some)
    }

    /// The redactor with the rules and the key of the configuration.
    fn whole_redactor(&self) -> Redactor {
        let rules = self.config.redact.iter();
        let redactor = rules.fold(self.redactor.clone(), Redactor::rule);
        match &self.config.redact_key {
            Some(key) => redactor.hash_key(key),
            None => redactor,
        }
    }

    fn frame(&self) -> Result<Frame, Error> {
        let redactor = self.whole_redactor();
        redactor.check()?;
        let line = self.config.max_line;
        let bytes = usize::try_from(line.bytes()).unwrap_or(usize::MAX);
        let frame = Frame::new(FrameParts {
            clock: self.clock.clone(),
            redactor,
            profile: self.config.profile,
            location: self.config.location,
            gcp_project: self.config.gcp_project.as_deref(),
            service: [&self.service, &self.version, &self.environment],
            fields: &self.fields,
            max_line: bytes,
            flood: self.config.flood.clone(),
            sampling: self.sampling.clone(),
        });
        let least = ByteSize::new(frame.least_line() as u64);
        if line < least {
            return Err(Error::LineTooShort { line, least });
        }
        Ok(frame)
    }
}

/// How lines go from the layers to the sinks, before the thread runs that takes them there.
struct Flow {
    queue: Arc<Queue>,
    routes: Routes,
    writer: Writer,
    spare: Batch,
    notices: Vec<RingNotice>,
}

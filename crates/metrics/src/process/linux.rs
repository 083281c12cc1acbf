use std::{
    fs, io, process,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    CPU, HEAP, MAX_FDS, OPEN_FDS, PRIVATE, PROPORTIONAL, RECEIVED, RESIDENT, SENT, START, SWAPPED, THREADS,
    VIRTUAL, VIRTUAL_MAX,
    auxiliary::Auxiliary,
    limits::Limits,
    network::{Layout, Traffic},
    proc_file::ProcFile,
    smaps::SmapsRollup,
    stat::{Stat, data_pages},
};
use crate::Samples;

/// What does not change while the process runs, and the files with what does.
#[derive(Debug)]
pub(super) struct System {
    page_size: Option<u64>,
    ticks_per_second: f64,
    /// Seconds since the Unix epoch. Read once: the kernel's value moves with the clock.
    boot_time: Option<u64>,
    files: Mutex<Files>,
}

#[derive(Debug)]
struct Files {
    /// This one: asked once, since the kernel answers it.
    process: u32,
    stat: ProcFile,
    statm: ProcFile,
    limits: ProcFile,
    fds: ProcFile,
    netstat: ProcFile,
    netstat_layout: Option<Layout>,
    smaps: ProcFile,
    smaps_reading: Option<(Instant, SmapsRollup)>,
    buffer: Vec<u8>,
}

impl System {
    pub(super) fn new() -> Self {
        let auxiliary = Auxiliary::new(fs::read("/proc/self/auxv").unwrap_or_default());
        Self {
            page_size: auxiliary.page_size(),
            ticks_per_second: auxiliary.ticks_per_second() as f64,
            boot_time: boot_time(),
            files: Mutex::new(Files::new()),
        }
    }

    pub(super) fn collect(&self, samples: &mut Samples<'_>) {
        let mut files = self.files();
        match files.stat() {
            Some(stat) => self.collect_stat(&stat, samples),
            None => samples.fail("reading /proc/self/stat"),
        }
        if let (Some(page_size), Some(pages)) = (self.page_size, files.data_pages()) {
            samples.gauge(HEAP, &[], pages.saturating_mul(page_size));
        }
        match files.open_fds() {
            Ok(open) => samples.gauge(OPEN_FDS, &[], open),
            Err(error) => samples.fail(format_args!("counting /proc/self/fd: {error}")),
        }
        let limits = files.limits();
        for (metric, limit) in [(MAX_FDS, limits.open_files), (VIRTUAL_MAX, limits.address_space)] {
            if let Some(limit) = limit {
                samples.gauge(metric, &[], limit);
            }
        }
    }

    /// Absent in a sandbox without a network.
    pub(super) fn collect_network(&self, samples: &mut Samples<'_>) {
        if let Some(traffic) = self.files().traffic() {
            samples.counter(RECEIVED, &[], traffic.received);
            samples.counter(SENT, &[], traffic.sent);
        }
    }

    pub(super) fn collect_smaps(&self, every: Duration, samples: &mut Samples<'_>) {
        if let Some(rollup) = self.files().smaps_rollup(every) {
            samples.gauge(PROPORTIONAL, &[], rollup.proportional);
            samples.gauge(PRIVATE, &[], rollup.private);
            samples.gauge(SWAPPED, &[], rollup.swapped);
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.process = process::id();
        files
    }

    fn collect_stat(&self, stat: &Stat, samples: &mut Samples<'_>) {
        samples.counter(CPU, &[], stat.cpu_ticks as f64 / self.ticks_per_second);
        if let Some(page_size) = self.page_size {
            samples.gauge(RESIDENT, &[], stat.resident_pages.saturating_mul(page_size));
        }
        samples.gauge(VIRTUAL, &[], stat.virtual_bytes);
        samples.gauge(THREADS, &[], stat.threads);
        if let Some(boot) = self.boot_time {
            let start = boot as f64 + stat.start_ticks as f64 / self.ticks_per_second;
            samples.gauge(START, &[], start);
        }
    }
}

impl Files {
    const fn new() -> Self {
        Self {
            process: 0,
            stat: ProcFile::new("/proc/self/stat"),
            statm: ProcFile::new("/proc/self/statm"),
            limits: ProcFile::new("/proc/self/limits"),
            fds: ProcFile::new("/proc/self/fd"),
            netstat: ProcFile::new("/proc/self/net/netstat"),
            netstat_layout: None,
            smaps: ProcFile::new("/proc/self/smaps_rollup"),
            smaps_reading: None,
            buffer: Vec::new(),
        }
    }

    fn stat(&mut self) -> Option<Stat> {
        Stat::parse(self.stat.read(self.process, &mut self.buffer).ok()?)
    }

    fn data_pages(&mut self) -> Option<u64> {
        data_pages(self.statm.read(self.process, &mut self.buffer).ok()?)
    }

    fn open_fds(&mut self) -> io::Result<u64> {
        self.fds.open_fds(self.process)
    }

    fn limits(&mut self) -> Limits {
        Limits::parse(
            self.limits
                .read(self.process, &mut self.buffer)
                .unwrap_or_default(),
        )
    }

    fn traffic(&mut self) -> Option<Traffic> {
        Traffic::parse(
            self.netstat.read(self.process, &mut self.buffer).ok()?,
            &mut self.netstat_layout,
        )
    }

    fn smaps_rollup(&mut self, every: Duration) -> Option<SmapsRollup> {
        if let Some((at, reading)) = self.smaps_reading
            && at.elapsed() < every
        {
            return Some(reading);
        }
        let text = str::from_utf8(self.smaps.read(self.process, &mut self.buffer).ok()?).ok()?;
        let reading = SmapsRollup::parse(text)?;
        self.smaps_reading = Some((Instant::now(), reading));
        Some(reading)
    }
}

fn boot_time() -> Option<u64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

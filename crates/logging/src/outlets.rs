use std::{path::Path, sync::Arc};

use groundcrew_base::Clock;
use tracing::Level;

use crate::{
    Error, Format, LogFile,
    core::OutletInfo,
    file::{Archiver, FileCounters, RotatingFile},
    ring,
    sink::{Encoding, MOST_OUTLETS, Outlet},
    stdout::Stdout,
};

/// The outlets as they come together: what the writer takes, and what stays known of them.
#[derive(Debug, Default)]
pub(crate) struct Outlets {
    pub(crate) taken: Vec<Outlet>,
    pub(crate) infos: Vec<OutletInfo>,
    pub(crate) archiver: Archiver,
}

/// What all files have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileOutlets<'a> {
    pub(crate) clock: &'a Clock,
    pub(crate) is_crash_safe: bool,
    #[cfg(feature = "sighup")]
    pub(crate) reopens_on_hangup: bool,
}

impl Outlets {
    pub(crate) fn add(&mut self, outlet: Outlet) {
        self.add_with(outlet, None);
    }

    pub(crate) fn add_stdout(&mut self, format: Format) -> Result<(), Error> {
        let encoding = match format {
            Format::Off => return Ok(()),
            Format::Console => Encoding::Console,
            Format::Json | Format::Auto => Encoding::Json,
        };
        self.add(Outlet {
            name: "stdout".to_owned(),
            encoding,
            least: Level::TRACE,
            sink: Box::new(Stdout::open().map_err(Error::Stdout)?),
        });
        Ok(())
    }

    pub(crate) fn add_file(&mut self, settings: &LogFile, files: &FileOutlets<'_>) -> Result<(), Error> {
        let mut file = RotatingFile::open(settings, files.clock, &mut self.archiver)?;
        if files.is_crash_safe {
            // The whole line is in the ring.
            file = file.cut_torn_line(ring::SETTING)?;
        }
        #[cfg(feature = "sighup")]
        if files.reopens_on_hangup {
            file = file.reopen_on_hangup()?;
        }
        let counters = file.counters();
        let outlet = Outlet {
            name: self.name_of(settings.path()),
            encoding: settings.encoding(),
            least: settings.level(),
            sink: Box::new(file),
        };
        self.add_with(outlet, Some(counters));
        Ok(())
    }

    #[cfg(any(feature = "intake", feature = "otlp", feature = "sentry"))]
    pub(crate) fn add_export(
        &mut self,
        export: crate::Export,
        place: crate::export::Place,
    ) -> Result<(), Error> {
        let (name, least) = (export.name.to_owned(), export.level);
        let (sink, buffer) = crate::export::ExportSink::start(export, place)?;
        self.add(Outlet {
            name,
            encoding: Encoding::Json,
            least,
            sink: Box::new(sink),
        });
        if let Some(info) = self.infos.last_mut() {
            info.remote = Some(buffer);
        }
        Ok(())
    }

    /// # Errors
    /// [`Error::TooManySinks`]
    pub(crate) fn check(&self) -> Result<(), Error> {
        let (count, most) = (self.taken.len(), MOST_OUTLETS);
        if count > most {
            return Err(Error::TooManySinks { count, most });
        }
        Ok(())
    }

    fn add_with(&mut self, outlet: Outlet, file: Option<Arc<FileCounters>>) {
        self.infos.push(OutletInfo {
            name: outlet.name.clone(),
            file,
            remote: None,
        });
        self.taken.push(outlet);
    }

    /// The name of the file, or all of its path where there is another of the name.
    fn name_of(&self, path: &Path) -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if self.infos.iter().any(|info| info.name == name) {
            return path.display().to_string();
        }
        name.into_owned()
    }
}

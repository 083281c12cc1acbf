use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::{SigId, consts::SIGHUP, flag, low_level};

/// Remembers that the process got SIGHUP, until it is asked.
///
/// Others who listen for the signal get it too. It does not end the process any more, not even after this is dropped.
#[derive(Debug)]
pub(super) struct Hangup {
    flag: Arc<AtomicBool>,
    id: SigId,
}

impl Hangup {
    pub(super) fn listen() -> io::Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        let id = flag::register(SIGHUP, Arc::clone(&flag))?;
        Ok(Self { flag, id })
    }

    pub(super) fn take(&self) -> bool {
        self.flag.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Hangup {
    fn drop(&mut self) {
        low_level::unregister(self.id);
    }
}

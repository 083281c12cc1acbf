use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

/// A file that the kernel makes up when it is read. It stays open, so that reading it is one system call.
#[derive(Debug)]
pub(super) struct ProcFile {
    path: &'static str,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// What `/proc/self` meant when it was opened: after a fork it would still be the parent.
    process: u32,
}

impl ProcFile {
    pub(super) const fn new(path: &'static str) -> Self {
        Self { path, open: None }
    }

    /// Reads all of it into `buffer`, which grows as needed and is best used again. `process` is this one.
    pub(super) fn read<'a>(&mut self, process: u32, buffer: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
        let len = match self.read_len(process, buffer) {
            Ok(len) => len,
            // Whatever became of the handle, a new one may do better.
            Err(_) => {
                self.open = None;
                self.read_len(process, buffer)?
            }
        };
        Ok(buffer.get(..len).unwrap_or_default())
    }

    fn read_len(&mut self, process: u32, buffer: &mut Vec<u8>) -> io::Result<usize> {
        buffer.resize(buffer.len().max(1024), 0);
        let file = self.file(process)?;
        loop {
            let len = file.read_at(buffer, 0)?;
            // Read in two steps it could change in between, and the kernel would write all of it twice.
            if len < buffer.len() {
                return Ok(len);
            }
            buffer.resize(buffer.len() * 2, 0);
        }
    }

    /// How many entries the directory of this path has: since Linux 6.2 that is the size of `/proc/self/fd`.
    pub(super) fn open_fds(&mut self, process: u32) -> io::Result<u64> {
        match self.file(process)?.metadata()?.len() {
            0 => count_entries(Path::new(self.path)),
            open => Ok(open),
        }
    }

    fn file(&mut self, process: u32) -> io::Result<&File> {
        let open = match self.open.take() {
            Some(open) if open.process == process => open,
            _ => Open {
                file: File::open(self.path)?,
                process,
            },
        };
        Ok(&self.open.insert(open).file)
    }
}

/// Counts what is open; before Linux 6.2 there is no other way.
fn count_entries(directory: &Path) -> io::Result<u64> {
    let open = fs::read_dir(directory)?.count() as u64;
    // One of them was open to read the others.
    Ok(open.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn a_file_is_read_anew_each_time_from_one_handle() {
        let mut file = ProcFile::new("/proc/self/limits");
        let mut buffer = Vec::new();

        let first = file.read(process::id(), &mut buffer).unwrap().to_vec();
        let again = file.read(process::id(), &mut buffer).unwrap().to_vec();

        assert!(first.len() > 1024, "longer than the buffer was: {}", first.len());
        assert_eq!(first, fs::read("/proc/self/limits").unwrap());
        assert_eq!(first, again);
    }

    #[test]
    fn a_handle_of_another_process_is_not_used() {
        let mut file = ProcFile::new("/proc/self/stat");
        file.open = Some(Open {
            file: File::open("/proc/1/stat").unwrap(),
            process: 1,
        });
        let mut buffer = Vec::new();

        let text = file.read(process::id(), &mut buffer).unwrap();

        assert!(text.starts_with(format!("{} ", process::id()).as_bytes()));
    }

    #[test]
    fn both_ways_of_counting_descriptors_agree() {
        let directory = File::open("/proc/self/fd").unwrap();
        let held: Vec<File> = (0..500).map(|_| directory.try_clone().unwrap()).collect();

        let counted = count_entries(Path::new("/proc/self/fd")).unwrap();

        assert!(counted > 500, "{counted} with {} held", held.len());
        let told = ProcFile::new("/proc/self/fd").open_fds(process::id()).unwrap();
        // Other tests open and close files at the same time.
        assert!(told.abs_diff(counted) < 100, "{told} is far from {counted}");
    }
}

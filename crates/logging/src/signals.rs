/// Makes sure that a failed write is an error on this thread, whatever the process does with signals.
///
/// Writing to a pipe that nobody reads raises SIGPIPE, and writing beyond `ulimit -f` SIGXFSZ, on the thread that
/// writes. Rust ignores the first one at the start of a program, but C libraries and command line programs reset it,
/// and either ends the process.
#[cfg(unix)]
pub(crate) fn block_those_of_writing() {
    use nix::sys::signal::{SigSet, Signal};

    let mut signals = SigSet::empty();
    signals.add(Signal::SIGPIPE);
    signals.add(Signal::SIGXFSZ);
    // It cannot fail with signals that exist.
    signals.thread_block().ok();
}

#[cfg(not(unix))]
pub(crate) const fn block_those_of_writing() {}

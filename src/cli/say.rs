//! What the command prints. A reader that has gone away (`dataprep plan FILE | head`) is no error, and ends nothing: the work goes on.

use std::fmt::Arguments;
use std::io::{ErrorKind, Result, StdoutLock, Write, stderr, stdout};

/// Writes a line to standard output. Fails where it can be written to no longer, on a full disk for one.
macro_rules! say {
    ($($line:tt)*) => { $crate::cli::say::line(format_args!("{}\n", format_args!($($line)*))) };
}
pub(super) use say;

pub(super) fn line(line: Arguments<'_>) -> Result<()> {
    print(|out| out.write_fmt(line))
}

/// Writes bytes to standard output as they are.
pub(super) fn bytes(bytes: &[u8]) -> Result<()> {
    print(|out| out.write_all(bytes))
}

fn print(write: impl FnOnce(&mut StdoutLock<'_>) -> Result<()>) -> Result<()> {
    let mut out = stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a line to standard error, where nobody may be listening.
pub(super) fn aside(line: impl std::fmt::Display) {
    let _ = writeln!(stderr(), "{line}");
}

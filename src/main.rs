//! The command `dataprep`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc's header, which the bindings leave out.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    // Batches come and go many times a second. Pages that are given back after 10 ms, as is usual, are soon asked for again and cleared by the kernel:
    // an eighth of the time of tokenization. 200 ms cost some 15 MB.
    // SAFETY: the call writes a number into a table that lives as long as the process; what MIMALLOC_PURGE_DELAY says goes before it.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, 200) };
    dataprep::cli::main()
}

//! Whether there is room for what a barrier is about to take.

use std::path::{Path, PathBuf};

use crate::stage::{Result, RunError};

/// Stops where a barrier may take more memory than is free: what follows would be swapping, or the end of another process.
pub fn for_memory(name: &str, need: u64) -> Result<()> {
    enough(name, need, free_memory(Path::new("/proc"), Path::new("/sys/fs/cgroup")))
}

fn enough(name: &str, need: u64, free: Option<u64>) -> Result<()> {
    let megabytes = |bytes: u64| bytes / 1_000_000;
    match free {
        Some(free) if free < need => Err(RunError::stop(format!(
            "`{name}` may take {} MB of memory, and {} MB are free: give it a smaller `memory`, or make room; the same command goes on from here",
            megabytes(need),
            megabytes(free)
        ))),
        _ => Ok(()),
    }
}

/// Bytes that can be had without swapping: of the machine, and of the control group this process is in. `None` where the system does not say.
fn free_memory(proc: &Path, groups: &Path) -> Option<u64> {
    let line = |file: PathBuf, name: &str| {
        let text = std::fs::read_to_string(file).ok()?;
        text.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned())
    };
    let machine = line(proc.join("meminfo"), "MemAvailable:")?.trim_end_matches("kB").trim().parse::<u64>().ok()? << 10;
    // Version 2 names one group; a group without a limit says `max`, which is no number.
    let group = line(proc.join("self/cgroup"), "0::").map(|path| groups.join(path.trim_start_matches('/')));
    let number = |name: &str| line(group.as_ref()?.join(name), "")?.parse::<u64>().ok();
    // Cached pages of files count as used there and can be had back.
    let cached = group.as_ref().and_then(|group| line(group.join("memory.stat"), "inactive_file ")?.parse::<u64>().ok()).unwrap_or(0);
    let of_group = number("memory.max").zip(number("memory.current")).map(|(most, used)| most.saturating_sub(used) + cached);
    Some(of_group.map_or(machine, |group| group.min(machine)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_of_machine_and_group_counts() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let free = || free_memory(&dir.path().join("proc"), &dir.path().join("groups"));
        assert_eq!(free(), None);
        write("proc/meminfo", "MemTotal:  9 kB\nMemAvailable:     2048 kB\n");
        assert_eq!(free(), Some(2 << 20));
        write("proc/self/cgroup", "0::/a/b\n");
        write("groups/a/b/memory.max", "1000000\n");
        write("groups/a/b/memory.current", "900000\n");
        write("groups/a/b/memory.stat", "anon 5\ninactive_file 50000\n");
        assert_eq!(free(), Some(150_000));
        write("groups/a/b/memory.max", "max\n");
        assert_eq!(free(), Some(2 << 20));
    }

    #[test]
    fn what_is_not_there_is_said_before_it_is_taken() {
        assert!(enough("near", 5, None).is_ok() && enough("near", 5, Some(5)).is_ok());
        let said = enough("near", 1 << 30, Some(5 << 20)).unwrap_err().to_string();
        assert!(said.contains("`near` may take 1073 MB of memory, and 5 MB are free"), "{said}");
    }
}

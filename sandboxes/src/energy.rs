//! What a command cost in energy, where the machine counts that: processors by RAPL (the
//! kernel's powercap files, which only root may read), GPUs by their driver.

use std::fs;
use std::path::Path;

use evolve_core::device::Gpu;

use crate::gpus;

const POWERCAP: &str = "/sys/class/powercap";
const STAT: &str = "/proc/stat";

/// Hertz of the kernel's clock in `/proc/stat`; the same on all systems that matter.
const TICKS: f64 = 100.0;

/// Counters at one moment.
pub(crate) struct Energy {
    processors: Vec<Package>,
    /// CPU seconds that all processes of the machine have used.
    busy_s: Option<f64>,
    gpus: Vec<(Gpu, f64)>,
}

/// One socket's counter.
struct Package {
    file: std::path::PathBuf,
    joules: f64,
    /// Where it begins anew.
    range: f64,
}

impl Energy {
    /// The counters now.
    pub(crate) fn now(gpus: &[Gpu]) -> Self {
        Self::of(Path::new(POWERCAP), Path::new(STAT), gpus)
    }

    fn of(powercap: &Path, stat: &Path, gpus: &[Gpu]) -> Self {
        let processors = packages(powercap);
        let busy_s = if processors.is_empty() { None } else { busy(stat) };
        let gpus = gpus.iter().filter_map(|gpu| Some((gpu.clone(), gpus::joules(gpu)?))).collect();
        Self { processors, busy_s, gpus }
    }

    /// Joules of a command that began then and has used so many CPU seconds. A processor's
    /// energy is shared out by CPU time among all that ran on the machine meanwhile.
    pub(crate) fn since(&self, cpu_s: f64) -> Option<f64> {
        self.since_by(cpu_s, Path::new(STAT))
    }

    fn since_by(&self, cpu_s: f64, stat: &Path) -> Option<f64> {
        let processors = self.busy_s.zip(busy(stat)).map(|(then, now)| {
            // The clock ticks more coarsely than commands are short.
            let share = (cpu_s / (now - then).max(cpu_s).max(1.0 / TICKS)).clamp(0.0, 1.0);
            share * self.processors.iter().filter_map(Package::used).sum::<f64>()
        });
        let gpus = self.gpus.iter().filter_map(|(gpu, then)| Some(gpus::joules(gpu)? - then));
        let gpus = (!self.gpus.is_empty()).then(|| gpus.sum::<f64>());
        match (processors, gpus) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0.0) + other.unwrap_or(0.0)),
        }
    }
}

impl Package {
    fn used(&self) -> Option<f64> {
        let now = microjoules(&self.file)?;
        Some(if now >= self.joules { now - self.joules } else { now + self.range - self.joules })
    }
}

fn packages(powercap: &Path) -> Vec<Package> {
    let Ok(entries) = fs::read_dir(powercap) else { return Vec::new() };
    let package = |folder: std::path::PathBuf| {
        let name = fs::read_to_string(folder.join("name")).ok()?;
        let file = folder.join("energy_uj");
        let joules = microjoules(&file)?;
        let range = microjoules(&folder.join("max_energy_range_uj")).unwrap_or(0.0);
        name.starts_with("package-").then_some(Package { file, joules, range })
    };
    entries.flatten().filter_map(|entry| package(entry.path())).collect()
}

fn microjoules(file: &Path) -> Option<f64> {
    fs::read_to_string(file).ok()?.trim().parse::<f64>().ok().map(|count| count / 1e6)
}

/// CPU seconds in the first line of `/proc/stat`, idle ones and waiting left out.
fn busy(stat: &Path) -> Option<f64> {
    let text = fs::read_to_string(stat).ok()?;
    let numbers: Vec<f64> = text
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = numbers.as_slice() else {
        return None;
    };
    Some((user + nice + system + irq + softirq) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            for (domain, name) in [
                ("intel-rapl:0", "package-0"),
                ("intel-rapl:0:0", "core"),
                ("intel-rapl:1", "package-1"),
            ] {
                fs::create_dir_all(machine.0.path().join(domain)).unwrap();
                machine.write(domain, "name", name);
                machine.write(domain, "max_energy_range_uj", "1000000000");
            }
            machine.set(0, 0, 0);
            machine
        }

        fn write(&self, domain: &str, name: &str, text: &str) {
            fs::write(self.0.path().join(domain).join(name), format!("{text}\n")).unwrap();
        }

        fn set(&self, first: u64, second: u64, busy: u64) {
            self.write("intel-rapl:0", "energy_uj", &first.to_string());
            self.write("intel-rapl:0:0", "energy_uj", &first.to_string());
            self.write("intel-rapl:1", "energy_uj", &second.to_string());
            fs::write(self.stat(), format!("cpu  {busy} 0 0 99999 5 0 0 0 0 0\ncpu0 1\n")).unwrap();
        }

        fn stat(&self) -> std::path::PathBuf {
            self.0.path().join("stat")
        }

        fn now(&self) -> Energy {
            Energy::of(self.0.path(), &self.stat(), &[])
        }
    }

    #[test]
    fn a_commands_share_of_all_sockets_is_its_share_of_the_time() {
        let machine = Machine::new();
        machine.set(10_000_000, 0, 1000);
        let then = machine.now();
        // 40 joules while the machine worked for 2 seconds, half of which was the command's.
        machine.set(40_000_000, 10_000_000, 1200);
        assert_eq!(then.since_by(1.0, &machine.stat()), Some(20.0));
    }

    #[test]
    fn a_counter_that_began_anew_is_followed() {
        let machine = Machine::new();
        machine.set(999_000_000, 0, 1000);
        let then = machine.now();
        machine.set(1_000_000, 0, 1100);
        assert_eq!(then.since_by(1.0, &machine.stat()), Some(2.0));
    }

    #[test]
    fn a_machine_that_does_not_count_says_nothing() {
        let none = tempfile::tempdir().unwrap();
        let then = Energy::of(none.path(), Path::new(STAT), &[]);
        assert_eq!(then.since(1.0), None);
    }
}

//! How much runs side by side.

use evolve_core::device::{DeviceNeed, Gpu};
use evolve_core::event::Slots;
use evolve_core::task::{SlotCount, TaskConfig};

use crate::session::ProposerKind;

/// Resolves `auto` from this machine's cores and memory and what a stage needs.
pub fn resolve(task: &TaskConfig, kind: ProposerKind) -> Slots {
    let evaluations = match task.run.evaluation_slots {
        SlotCount::Count(n) => n,
        SlotCount::Auto(_) => evaluations(task, cores(), memory(), &evolve_sandbox::gpus()),
    };
    let proposals = match task.run.proposal_slots {
        SlotCount::Count(n) => n,
        // A model's answer takes as long as an evaluation or longer; a mutation takes
        // a millisecond.
        SlotCount::Auto(_) => match kind {
            ProposerKind::Model => (2 * evaluations).max(8),
            // It mostly waits for models too, but it has processes and memory here.
            ProposerKind::Command => (2 * evaluations).max(4),
            ProposerKind::Mutate => 2,
        },
    };
    Slots { proposals: proposals.max(1), evaluations: evaluations.max(1) }
}

fn evaluations(task: &TaskConfig, cores: f64, memory: Option<u64>, gpus: &[Gpu]) -> u32 {
    let stages = || task.evaluator.stage.iter().chain(&task.evaluator.holdout);
    let cpus = stages().map(|stage| stage.resources.cpus).fold(0.0, f64::max).max(0.01);
    let need = stages().map(|stage| stage.resources.memory.0).max().unwrap_or(1).max(1);
    let by_cores = (cores / cpus).floor() as u32;
    // Limits are seldom reached by all at once, so twice the memory may be promised.
    let by_memory = memory.map_or(u32::MAX, |bytes| (2 * bytes / need).min(4096) as u32);
    let needs = stages().map(|stage| stage.resources.device);
    let by_gpus = needs
        .filter(|need| *need != DeviceNeed::None)
        .map(|need| u32::try_from(need.leases(gpus).len()).unwrap_or(u32::MAX))
        .min()
        .unwrap_or(u32::MAX);
    by_cores.min(by_memory).min(by_gpus).max(1)
}

fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1, usize::from) as f64
}

/// Memory of this machine in bytes, where the system tells.
pub fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(more: &str) -> TaskConfig {
        evolve_core::task::parse_task(&format!(
            "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\nmetric = \"s\"\n\
             goal = \"maximize\"\n[[evaluator.stage]]\nrun = [\"x\"]\njudge = [\"y\"]\n{more}"
        ))
        .unwrap()
    }

    #[test]
    fn cores_and_memory_bound_the_evaluations() {
        let heavy = task("resources = { cpus = 4, memory = \"8GiB\" }\n");
        assert_eq!(evaluations(&heavy, 16.0, Some(64 << 30), &[]), 4);
        assert_eq!(evaluations(&heavy, 16.0, Some(8 << 30), &[]), 2);
        assert_eq!(evaluations(&heavy, 1.0, None, &[]), 1);
    }

    #[test]
    fn accelerators_bound_the_evaluations() {
        let gpu = |index| Gpu {
            index,
            minor: index,
            uuid: format!("GPU-{index}"),
            name: String::new(),
            memory: 80 << 30,
        };
        let each = task("resources = { device = \"cuda\" }\n");
        assert_eq!(evaluations(&each, 16.0, None, &[gpu(0), gpu(1)]), 2);
        let shared = task("resources = { device = { kind = \"cuda\", memory = \"20GiB\" } }\n");
        assert_eq!(evaluations(&shared, 16.0, None, &[gpu(0), gpu(1)]), 8);
    }

    #[test]
    fn a_number_in_the_task_is_taken_as_it_is() {
        let given = task("[run]\nevaluation_slots = 7\nproposal_slots = 3\n");
        assert_eq!(resolve(&given, ProposerKind::Model), Slots { proposals: 3, evaluations: 7 });
    }
}

//! Grading a machine: the naive programs of a workload run on it, within caps of area and
//! power. The programs adapt to the machine's sizes by its constants.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use evolve_core::objective::Metrics;
use evolve_core::task::NpuSection;

use super::{Verdict, WORK};
use crate::cost::{area, energy};
use crate::machine::Machine;
use crate::run::Limits;
use crate::suite::{Spec, profile};

pub(super) fn judge(
    tasks: &[(&'static Spec, f64)],
    given: &Machine,
    section: &NpuSection,
    text: &str,
    cancel: &AtomicBool,
) -> Verdict {
    let machine = match Machine::parse(text) {
        Ok(machine) => machine,
        Err(error) => return Verdict::wrong(error.to_string(), ""),
    };
    if let Some(changed) = changed(&machine, given) {
        return Verdict::wrong(
            format!("{changed} belongs to the system and must stay as it is"),
            "",
        );
    }
    let area = area(&machine);
    let total = area.total_mm2();
    if section.max_area_mm2.is_some_and(|most| total > most) {
        let most = section.max_area_mm2.unwrap_or_default();
        let detail = format!("the area is {total:.2} mm2; at most {most} is allowed");
        return Verdict::wrong(detail, format!("{area:?}"));
    }
    let limits = Limits { work: WORK, cancel: Some(cancel) };
    // Weighted sums over tasks of the mean over their shapes.
    let (mut microseconds, mut nanojoules, mut weights) = (0.0, 0.0, 0.0);
    let (mut cases, mut lines) = (BTreeMap::new(), Vec::new());
    for (task, weight) in tasks {
        let (mut time, mut joules) = (0.0, 0.0);
        for dims in &task.shapes {
            let profile = match profile(task, dims, &machine, task.baseline, &limits) {
                Ok(profile) => profile,
                Err(why) => {
                    let detail = format!("{} {} cannot run: {why}", task.name, dims.text());
                    return Verdict::wrong(detail, "");
                }
            };
            time += profile.counters.cycles as f64 / (machine.clock_ghz * 1e3);
            joules += energy(&machine, &profile.counters).total_nj();
        }
        let shapes = task.shapes.len() as f64;
        microseconds += weight * time / shapes;
        nanojoules += weight * joules / shapes;
        weights += weight;
        cases.insert(format!("{} us", task.name), time / shapes);
        lines.push(format!("{}: {:.2} us, {:.1} nJ", task.name, time / shapes, joules / shapes));
    }
    let (latency, joules) = (microseconds / weights, nanojoules / weights);
    // nJ / us = mW
    let power = joules / latency / 1e3;
    lines.push(format!(
        "area in mm2: array {:.3}, vector unit {:.3}, scratchpad {:.3}, control {:.3}",
        area.matrix_mm2, area.vector_mm2, area.spad_mm2, area.control_mm2
    ));
    let feedback = lines.join("\n");
    if section.max_power_w.is_some_and(|most| power > most) {
        let most = section.max_power_w.unwrap_or_default();
        let detail = format!("the power is {power:.3} W; at most {most} is allowed");
        return Verdict::wrong(detail, feedback);
    }
    let metrics = Metrics::from([
        ("latency_us".to_owned(), latency),
        ("energy_nj".to_owned(), joules),
        ("area_mm2".to_owned(), total),
        ("power_w".to_owned(), power),
    ]);
    Verdict { wrong: None, metrics, cases, feedback, artifacts: BTreeMap::new() }
}

/// What of the system around it a machine changed. Latencies would otherwise be written down
/// and cost nothing.
fn changed(machine: &Machine, given: &Machine) -> Option<&'static str> {
    let same_clock = (machine.clock_ghz - given.clock_ghz).abs() < f64::EPSILON;
    if !same_clock {
        Some("clock_ghz")
    } else if machine.dram != given.dram {
        Some("[dram]")
    } else if machine.dma.latency != given.dma.latency {
        Some("dma.latency")
    } else if machine.vector.latency != given.vector.latency {
        Some("[vector.latency]")
    } else if machine.scratchpad.latency != given.scratchpad.latency {
        Some("scratchpad.latency")
    } else if machine.matrix.types != given.matrix.types {
        Some("matrix.types")
    } else {
        None
    }
}

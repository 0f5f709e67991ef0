//! Where a program's cycles went.

use serde::Serialize;

use crate::cost::{Energy, energy};
use crate::isa::{Program, Unit};
use crate::machine::Machine;
use crate::run::{Dram, Limits, Trap, follow};
use crate::timing::{Cause, Clock, Counters, Span};

/// Instructions of a table.
const MOST_ROWS: usize = 12;

/// What a run cost, and what its units did.
pub struct Profile {
    /// The program.
    pub program: Program,
    /// What was counted.
    pub counters: Counters,
    /// What the units did.
    pub spans: Vec<Span>,
}

/// How much of the machine a run used; fractions of its peak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Roofline {
    /// Products in each cycle, of those the array could form.
    pub array: f64,
    /// DRAM's bytes in each cycle, of those it could deliver.
    pub dram: f64,
    /// Products for each byte of DRAM.
    pub intensity: f64,
    /// The most products per cycle at this intensity, of those the array could form.
    pub attainable: f64,
}

impl Profile {
    /// Follows a program through the cycle model.
    pub fn of(
        program: Program,
        machine: &Machine,
        dram: &mut Dram,
        limits: &Limits<'_>,
    ) -> Result<Self, Box<Trap>> {
        let mut clock = Clock::new(machine, &program, true);
        follow(&program, machine, dram, limits, &mut clock)?;
        let (counters, spans) = clock.finish();
        Ok(Self { program, counters, spans })
    }

    /// Its energy.
    pub fn energy(&self, machine: &Machine) -> Energy {
        energy(machine, &self.counters)
    }

    /// Its place under the machine's roofline (S. Williams et al., *Roofline*, 2009).
    pub fn roofline(&self, machine: &Machine) -> Roofline {
        let peak = f64::from(machine.matrix.rows) * f64::from(machine.matrix.cols);
        let width = f64::from(machine.dram.bytes_per_cycle);
        let cycles = self.counters.cycles.max(1) as f64;
        let macs = self.counters.macs() as f64;
        let bytes = self.counters.dram_bytes.max(1) as f64;
        Roofline {
            array: macs / cycles / peak,
            dram: self.counters.dram_bytes as f64 / cycles / width,
            intensity: macs / bytes,
            attainable: (macs / bytes * width / peak).min(1.0),
        }
    }

    /// Units, causes of stalls, and the instructions that waited longest, as text.
    pub fn table(&self, machine: &Machine) -> String {
        let counters = &self.counters;
        let share = |cycles: u64| 100.0 * cycles as f64 / counters.cycles.max(1) as f64;
        let roof = self.roofline(machine);
        let mut out = format!(
            "{}: {} cycles, {} instructions, {:.1} nJ\n\
             array {:.1} % of its peak, DRAM {:.1} % of its bandwidth, {:.2} products a byte\n\n\
             unit      busy cycles      %\n",
            machine.name,
            counters.cycles,
            counters.instructions,
            self.energy(machine).total_nj(),
            roof.array * 100.0,
            roof.dram * 100.0,
            roof.intensity,
        );
        for unit in Unit::ALL {
            let busy = counters.busy[unit as usize];
            out.push_str(&format!("{:<8} {busy:>12} {:>6.1}\n", unit.name(), share(busy)));
        }
        out.push_str("\nlost to         cycles      %\n");
        let mut causes = Cause::ALL;
        causes.sort_by_key(|cause| std::cmp::Reverse(counters.stall(*cause)));
        for cause in causes.into_iter().filter(|cause| counters.stall(*cause) > 0) {
            let lost = counters.stall(cause);
            out.push_str(&format!("{:<12} {lost:>9} {:>6.1}\n", cause.name(), share(lost)));
        }
        out.push_str("\nline  executed    waited  instruction\n");
        let mut at: Vec<usize> = (0..counters.at.len()).collect();
        at.sort_by_key(|at| std::cmp::Reverse(counters.at[*at].stalled));
        for at in at.into_iter().take(MOST_ROWS).filter(|at| counters.at[*at].stalled > 0) {
            let (inst, cost) = (&self.program.insts[at], counters.at[at]);
            out.push_str(&format!(
                "{:>4} {:>9} {:>9}  {inst}\n",
                inst.line, cost.count, cost.stalled
            ));
        }
        out
    }
}

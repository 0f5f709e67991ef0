//! What each unit makes of an instruction.

use super::{Cause, Clock, Open, Track, product_time};
use crate::dtype::Dtype;
use crate::isa::Unit;
use crate::run::{Class, Rows};

impl Clock<'_> {
    #[inline]
    pub(super) fn vector(&mut self, pc: u32, class: Class, n: u64, operations: u64) {
        let vector = &self.machine.vector;
        let latency = &vector.latency;
        let (latency, lanes) = match class {
            Class::Add => (latency.add, vector.lanes),
            Class::Mul => (latency.mul, vector.lanes),
            Class::Div => (latency.div, vector.lanes.div_ceil(4)),
            Class::Exp => (latency.exp, vector.lanes.div_ceil(4)),
            Class::Reduce => {
                (latency.reduce * n.next_power_of_two().trailing_zeros().max(1), vector.lanes)
            }
        };
        let beats = n.div_ceil(lanes.into());
        let at = self.issue(pc, [(self.vector_free, Cause::Busy)]);
        self.vector_free = at + beats;
        self.counters.vector_ops += operations;
        self.works(Unit::Vector, Track::Vector, pc, at, at + beats);
        if let Some(d) = self.uses[pc as usize].vector_out {
            self.vectors[usize::from(d)] = at + beats - 1 + u64::from(latency);
        }
    }

    #[inline]
    pub(super) fn access(&mut self, pc: u32, store: bool, rows: &Rows) {
        let order = if store { self.lines.writable(rows) } else { self.lines.readable(rows) };
        let busy = if self.memory_conflict { Cause::Banks } else { Cause::Busy };
        let at = self.issue(pc, [(self.memory_free, busy), (order, Cause::Order)]);
        let lanes = u64::from(self.machine.vector.lanes);
        let end = self.banks.vector(rows, lanes * 4, lanes, at);
        let ideal =
            if rows.rows == 1 { rows.bytes.div_ceil(lanes * 4) } else { rows.rows.div_ceil(lanes) };
        self.memory_conflict = end - at > ideal;
        self.counters.conflicts += end - at - ideal;
        self.counters.spad_bytes += rows.total();
        self.memory_free = end;
        self.works(Unit::Memory, Track::Memory, pc, at, end);
        if store {
            self.lines.writes(rows, end);
        } else {
            self.lines.reads(rows, end);
            if let Some(d) = self.uses[pc as usize].vector_out {
                let latency = u64::from(self.machine.scratchpad.latency);
                self.vectors[usize::from(d)] = end - 1 + latency;
            }
        }
    }

    pub(super) fn dma(&mut self, pc: u32, load: bool, tag: u8, spad: &Rows, dram: &Rows) {
        let at = self.now;
        self.dma_queue.retain(|done| *done > at);
        let full = self.dma_queue.len() >= self.machine.dma.queue as usize;
        let room = if full { self.dma_queue.iter().min().copied().unwrap_or(0) } else { 0 };
        let at = self.issue(pc, [(room, Cause::DmaQueue)]);
        let (dma, memory) = (&self.machine.dma, &self.machine.dram);
        let burst = u64::from(memory.burst_bytes);
        let cost = if dram.stride == dram.bytes {
            dram.total().next_multiple_of(burst)
        } else {
            dram.rows * dram.bytes.next_multiple_of(burst)
        };
        let order = if load { self.lines.writable(spad) } else { self.lines.readable(spad) };
        let free = self.engines.iter().enumerate().min_by_key(|(_, free)| **free);
        let (engine, free) = free.map_or((0, 0), |(engine, free)| (engine, *free));
        let begin = at.max(free).max(order);
        let latency = u64::from(dma.latency);
        let first = (begin + latency).max(self.dram_free);
        self.dram_free = first + cost.div_ceil(memory.bytes_per_cycle.into());
        let moved = begin + latency + cost.div_ceil(dma.bytes_per_cycle.into());
        let done = moved.max(self.dram_free);
        // The next transfer's latency passes while this one's bytes still come.
        self.engines[engine] = done - latency;
        self.dma_queue.push(done);
        self.open[usize::from(tag)].push_back(Open { done, drain: false });
        if load {
            self.lines.writes(spad, done);
        } else {
            self.lines.reads(spad, done);
        }
        self.counters.dram_bytes += cost;
        self.counters.spad_bytes += spad.total();
        self.counters.busy[Unit::Dma as usize] += done - latency - begin;
        self.end = self.end.max(done);
        self.span(Track::Dma(engine as u8), pc, begin, done);
    }

    /// When the array's queue has room again: when its oldest entry begins.
    fn array_room(&mut self) -> u64 {
        if self.array_queue.len() < self.machine.matrix.queue as usize {
            return 0;
        }
        self.array_queue.pop_front().unwrap_or(0)
    }

    pub(super) fn load(&mut self, pc: u32, w: u8, rows: &Rows) {
        let room = self.array_room();
        let at = self.issue(pc, [(room, Cause::MatrixQueue)]);
        let w = usize::from(w);
        let last = self.array_queue.back().copied().unwrap_or(0);
        let start = at
            .max(self.weights_free)
            .max(self.weights_used[w])
            .max(self.lines.readable(rows))
            .max(last);
        let end = self.banks.stream(rows, start);
        let late = end - start - rows.rows;
        self.counters.conflicts += late;
        self.counters.spad_bytes += rows.total();
        self.lines.reads(rows, end);
        let load = product_time(self.machine, 1, rows.rows, 1, false).load;
        self.weights_ready[w] = start + load + late;
        self.weights_free = end.max(self.weights_ready[w]);
        self.array_queue.push_back(start);
        // Loads run beside products: only those keep the array itself busy.
        let ready = self.weights_free;
        self.end = self.end.max(ready);
        self.span(Track::Weights, pc, start, ready);
    }

    pub(super) fn product(
        &mut self,
        pc: u32,
        (a, w): (u8, u8),
        rows: &Rows,
        (k, n): (u64, u64),
        ty: Dtype,
    ) {
        let room = self.array_room();
        let at = self.issue(pc, [(room, Cause::MatrixQueue)]);
        let (a, w) = (usize::from(a), usize::from(w));
        let last = self.array_queue.back().copied().unwrap_or(0);
        // The first sum reaches the tile only after the array's rows.
        let drained = self.tiles_drained[a].saturating_sub(self.machine.matrix.rows.into());
        let start = at
            .max(self.array_free)
            .max(self.weights_ready[w])
            .max(self.lines.readable(rows))
            .max(drained)
            .max(last);
        let end = self.banks.stream(rows, start);
        let late = end - start - rows.rows;
        let resident = self
            .resident
            .is_some_and(|(last, since)| last == *rows && self.lines.readable(rows) <= since);
        self.resident = Some((*rows, start));
        let time = product_time(self.machine, rows.rows, k, n, resident);
        self.array_free = start + time.busy + late;
        self.weights_used[w] = self.array_free;
        self.tiles_ready[a] = self.array_free + time.drain;
        self.lines.reads(rows, end.max(self.array_free));
        self.array_queue.push_back(start);
        self.counters.conflicts += late;
        self.counters.spad_bytes += rows.total();
        let macs = rows.rows * k * n;
        match ty {
            Dtype::I8 | Dtype::I32 => self.counters.macs_i8 += macs,
            Dtype::F16 | Dtype::Bf16 => self.counters.macs_f16 += macs,
            Dtype::F32 => self.counters.macs_f32 += macs,
        }
        let free = self.array_free;
        self.works(Unit::Matrix, Track::Array, pc, start, free);
        self.end = self.end.max(self.tiles_ready[a]);
    }

    pub(super) fn drain(&mut self, pc: u32, a: u8, tag: u8, rows: &Rows) {
        let full = self.drain_queue.len() >= self.machine.matrix.queue as usize;
        let room = if full { self.drain_queue.pop_front().unwrap_or(0) } else { 0 };
        let at = self.issue(pc, [(room, Cause::MatrixQueue)]);
        let a = usize::from(a);
        let start = at.max(self.drain_free).max(self.tiles_ready[a]).max(self.lines.writable(rows));
        let end = self.banks.stream(rows, start);
        self.counters.conflicts += end - start - rows.rows;
        self.counters.spad_bytes += rows.total();
        self.drain_free = end;
        self.tiles_drained[a] = end;
        self.drain_queue.push_back(start);
        self.lines.writes(rows, end);
        self.open[usize::from(tag)].push_back(Open { done: end, drain: true });
        self.end = self.end.max(end);
        self.span(Track::Drain, pc, start, end);
    }
}

//! When the scratchpad's banks are free, and which accesses must keep their order.

use crate::machine::Machine;
use crate::run::Rows;

/// A calendar: for each cycle and bank, how many ports are taken. A ring, in which a new
/// cycle's entry takes the place of an old one's.
pub(super) struct Banks {
    /// The cycle that each entry of the ring is of.
    cycles: Vec<u64>,
    /// The ports taken, one number a bank and entry.
    taken: Vec<u8>,
    count: u64,
    word: u64,
    ports: u8,
}

impl Banks {
    pub(super) fn new(machine: &Machine) -> Self {
        let (spad, matrix) = (&machine.scratchpad, &machine.matrix);
        // Products may be planned ahead for as long as the queue is.
        let ahead = u64::from(matrix.queue) * u64::from(matrix.tile_rows) * 2 + 1024;
        let cycles = ahead.next_power_of_two().min(1 << 16);
        Self {
            cycles: vec![0; cycles as usize],
            taken: vec![0; (cycles * u64::from(spad.banks)) as usize],
            count: spad.banks.into(),
            word: spad.bank_bytes.into(),
            ports: spad.ports.min(255) as u8,
        }
    }

    /// Takes a port for a word in the first cycle from `from` on that has one.
    #[inline]
    fn take(&mut self, word: u64, from: u64) -> u64 {
        let bank = (word & (self.count - 1)) as usize;
        let (mask, count) = (self.cycles.len() - 1, self.count as usize);
        let mut at = from;
        loop {
            let entry = at as usize & mask;
            let taken = &mut self.taken[entry * count..(entry + 1) * count];
            let cycle = &mut self.cycles[entry];
            if *cycle < at {
                *cycle = at;
                taken.fill(0);
            }
            // An entry of a later cycle, one turn of the ring ahead, counts as full.
            if *cycle == at && taken[bank] < self.ports {
                taken[bank] += 1;
                return at;
            }
            at += 1;
        }
    }

    /// Takes ports for words side by side in one cycle, if there is one for each: nearly
    /// always so, and quicker than word by word.
    #[inline]
    fn take_all(&mut self, first: u64, words: u64, at: u64) -> bool {
        let bank = (first & (self.count - 1)) as usize;
        let end = bank + words as usize;
        let (entry, count) = (at as usize & (self.cycles.len() - 1), self.count as usize);
        if end > count || self.cycles[entry] > at {
            return false;
        }
        let taken = &mut self.taken[entry * count..(entry + 1) * count];
        if self.cycles[entry] < at {
            self.cycles[entry] = at;
            taken.fill(0);
        }
        let taken = &mut taken[bank..end];
        let free = taken.iter().all(|taken| *taken < self.ports);
        if free {
            for taken in taken {
                *taken += 1;
            }
        }
        free
    }

    /// Takes ports for all words of some bytes; the cycle of the last.
    #[inline]
    fn piece(&mut self, start: u64, bytes: u64, from: u64) -> u64 {
        let (first, last) = (start / self.word, (start + bytes - 1) / self.word);
        if self.take_all(first, last + 1 - first, from) {
            return from;
        }
        let mut at = from;
        for word in first..=last {
            at = at.max(self.take(word, from));
        }
        at
    }

    /// Reads or writes rows, one a cycle from `from` on; each waits for the one before. The
    /// cycle after the last.
    pub(super) fn stream(&mut self, rows: &Rows, from: u64) -> u64 {
        let mut next = from;
        for i in 0..rows.rows {
            next = self.piece(rows.row(i), rows.bytes, next) + 1;
        }
        next
    }

    /// Reads or writes the elements of a vector, `width` bytes or as many pieces as `pieces`
    /// in a cycle. The cycle after the last.
    pub(super) fn vector(&mut self, rows: &Rows, width: u64, pieces: u64, from: u64) -> u64 {
        let mut next = from;
        if rows.rows == 1 {
            let mut done = 0;
            while done < rows.bytes {
                let bytes = width.min(rows.bytes - done);
                next = self.piece(rows.start + done, bytes, next) + 1;
                done += bytes;
            }
            return next;
        }
        let mut i = 0;
        while i < rows.rows {
            let mut last = next;
            let mut before = u64::MAX;
            for j in i..rows.rows.min(i + pieces) {
                let word = rows.row(j) / self.word;
                // Neighbours in one word share its access.
                if word != before {
                    last = last.max(self.take(word, next));
                    before = word;
                }
            }
            next = last + 1;
            i += pieces;
        }
        next
    }
}

/// Bytes of a line, the grain in which the order of accesses is kept.
const LINE: u64 = 64;

/// Until when each line of the scratchpad is written and read.
pub(super) struct Lines {
    written: Vec<u64>,
    read: Vec<u64>,
}

impl Lines {
    pub(super) fn new(machine: &Machine) -> Self {
        let lines = machine.spad_bytes().div_ceil(LINE) as usize;
        Self { written: vec![0; lines], read: vec![0; lines] }
    }

    fn each(rows: &Rows, mut f: impl FnMut(usize)) {
        let (count, bytes) = if rows.stride <= LINE {
            (1, rows.end() - rows.start)
        } else {
            (rows.rows, rows.bytes)
        };
        for i in 0..count {
            let start = rows.row(i);
            for line in start / LINE..=(start + bytes - 1) / LINE {
                f(line as usize);
            }
        }
    }

    /// When these bytes may be read: after all earlier writes.
    pub(super) fn readable(&self, rows: &Rows) -> u64 {
        let mut at = 0;
        Self::each(rows, |line| at = at.max(self.written[line]));
        at
    }

    /// When these bytes may be written: after all earlier writes and reads.
    pub(super) fn writable(&self, rows: &Rows) -> u64 {
        let mut at = 0;
        Self::each(rows, |line| at = at.max(self.written[line]).max(self.read[line]));
        at
    }

    /// Notes a read that ends before a cycle.
    pub(super) fn reads(&mut self, rows: &Rows, until: u64) {
        Self::each(rows, |line| self.read[line] = self.read[line].max(until));
    }

    /// Notes a write that ends before a cycle.
    pub(super) fn writes(&mut self, rows: &Rows, until: u64) {
        Self::each(rows, |line| self.written[line] = self.written[line].max(until));
    }
}

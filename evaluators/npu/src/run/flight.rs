//! Transfers that were started and not waited for yet.

use super::rows::Rows;
use super::trap::TrapKind;

/// Most transfers that may be open.
pub(super) const MOST_OPEN: usize = 256;

/// What a transfer does to the scratchpad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Writes it, from DRAM.
    Load,
    /// Reads it, to DRAM.
    Store,
    /// Writes it, from an accumulator tile.
    Drain,
}

struct Transfer {
    tag: u8,
    way: Way,
    spad: Rows,
    dram: Option<Rows>,
}

/// The open transfers, oldest first. A program that touches what they move is stopped, so
/// its results cannot depend on how long they take.
#[derive(Default)]
pub(super) struct Flight {
    open: Vec<Transfer>,
}

impl Flight {
    /// Starts a transfer, if nothing of it is being moved already.
    pub(super) fn start(
        &mut self,
        tag: u8,
        way: Way,
        spad: Rows,
        dram: Option<Rows>,
    ) -> Result<(), TrapKind> {
        match way {
            Way::Store => self.read(&spad)?,
            Way::Load | Way::Drain => self.write(&spad)?,
        }
        if let Some(dram) = dram {
            let blocks = |other: &&Transfer| way == Way::Store || other.way == Way::Store;
            for other in self.open.iter().filter(blocks) {
                if other.dram.is_some_and(|rows| rows.overlaps(&dram)) {
                    return Err(TrapKind::DramRace { rows: dram, tag: other.tag });
                }
            }
        }
        if self.open.len() == MOST_OPEN {
            return Err(TrapKind::TooManyTransfers(MOST_OPEN));
        }
        self.open.push(Transfer { tag, way, spad, dram });
        Ok(())
    }

    /// Whether these bytes may be read now.
    #[inline]
    pub(super) fn read(&self, rows: &Rows) -> Result<(), TrapKind> {
        match self.open.iter().find(|open| open.way != Way::Store && open.spad.overlaps(rows)) {
            None => Ok(()),
            Some(open) => Err(open.clash(rows)),
        }
    }

    /// Whether these bytes may be written now.
    #[inline]
    pub(super) fn write(&self, rows: &Rows) -> Result<(), TrapKind> {
        match self.open.iter().find(|open| open.spad.overlaps(rows)) {
            None => Ok(()),
            Some(open) => Err(open.clash(rows)),
        }
    }

    /// Closes the oldest transfers of a tag.
    pub(super) fn wait(&mut self, tag: u8, count: i64) -> Result<(), TrapKind> {
        let open = self.open.iter().filter(|open| open.tag == tag).count() as u64;
        if i128::from(count) > i128::from(open) {
            return Err(TrapKind::Deadlock { tag, wanted: count, open });
        }
        let mut left = count;
        self.open.retain(|open| {
            let closes = open.tag == tag && left > 0;
            left -= i64::from(closes);
            !closes
        });
        Ok(())
    }

    /// Closes all.
    pub(super) fn settle(&mut self) {
        self.open.clear();
    }
}

impl Transfer {
    fn clash(&self, rows: &Rows) -> TrapKind {
        match self.way {
            Way::Drain => TrapKind::Undrained { rows: *rows, tag: self.tag },
            Way::Load | Way::Store => TrapKind::Race { rows: *rows, tag: self.tag },
        }
    }
}

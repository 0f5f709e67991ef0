//! Numbers of evaluations side by side: the lowest that is free, so that what is kept for a
//! slot is used again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The numbers in use.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<BTreeSet<u32>>);

/// A number in use; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    number: u32,
    slots: Arc<Slots>,
}

impl Slots {
    pub(crate) fn lease(slots: &Arc<Self>) -> Slot {
        let mut used = slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = (0..u32::MAX).find(|number| !used.contains(number)).unwrap_or(u32::MAX);
        used.insert(number);
        Slot { number, slots: Arc::clone(slots) }
    }
}

impl Slot {
    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_number_is_leased() {
        let slots = Arc::new(Slots::default());
        let (a, b) = (Slots::lease(&slots), Slots::lease(&slots));
        assert_eq!((a.number(), b.number()), (0, 1));
        drop(a);
        assert_eq!(Slots::lease(&slots).number(), 0);
    }
}

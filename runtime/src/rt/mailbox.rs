//! A wait-free mailbox for one writer and one reader that holds the latest value only.
//!
//! Triple buffer: the writer owns one slot, the reader owns one, the third lies between them and changes
//! hands by one atomic swap. Neither side ever waits for the other.

// Slots are shared by ownership that moves with an atomic index; the compiler cannot follow it.
// tests/rt_loom.rs checks every interleaving.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use super::sync::{Arc, AtomicU8, CachePadded, Ordering, UnsafeCell};

/// Set on `middle` while the reader has not taken what lies there.
const FRESH: u8 = 0b100;
const INDEX: u8 = 0b011;

struct Shared<T> {
    slots: [CachePadded<UnsafeCell<T>>; 3],
    /// Index of the slot that belongs to neither side, and `FRESH`.
    middle: CachePadded<AtomicU8>,
}

// SAFETY: a slot is touched only by the side that holds its index, and an index changes hands by an
// acquire-release swap. Values are moved and dropped across threads, hence `T: Send`. `Reader`, which
// hands out `&T`, is `Sync` only for `T: Sync` because of its `PhantomData`.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn slot(&self, index: u8) -> &UnsafeCell<T> {
        &self.slots[usize::from(index)].0
    }
}

/// The sending side of a [`mailbox`].
pub struct Writer<T> {
    shared: Arc<Shared<T>>,
    back: u8,
}

/// The receiving side of a [`mailbox`]; belongs in the real-time loop.
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
    front: u8,
    values: PhantomData<T>,
}

/// Makes a mailbox; `init` makes the first value of each of its three slots.
///
/// The reader sees one of these until the first [`Writer::write`]. The values left in the slots are dropped
/// together with the side that goes last.
pub fn mailbox<T>(mut init: impl FnMut() -> T) -> (Writer<T>, Reader<T>) {
    let mut slot = || CachePadded(UnsafeCell::new(init()));
    let shared = Arc::new(Shared { slots: [slot(), slot(), slot()], middle: CachePadded(AtomicU8::new(1)) });
    (Writer { shared: Arc::clone(&shared), back: 0 }, Reader { shared, front: 2, values: PhantomData })
}

impl<T> Writer<T> {
    /// Replaces the latest value. What lay in the slot is dropped here, on the writer's thread.
    pub fn write(&mut self, value: T) {
        self.write_with(|slot| *slot = value);
    }

    /// Replaces the latest value by filling a slot in place, so that buffers in it keep their capacity.
    ///
    /// The slot holds some older value; `fill` must set all of it. If `fill` panics nothing is sent.
    pub fn write_with(&mut self, fill: impl FnOnce(&mut T)) {
        self.shared.slot(self.back).with_mut(|slot| {
            // SAFETY: `back` belongs to the writer alone until the swap below, and `&mut self` makes this
            // the only access of the writer.
            fill(unsafe { &mut *slot });
        });
        let previous = self.shared.middle.0.swap(self.back | FRESH, Ordering::AcqRel);
        self.back = previous & INDEX;
    }
}

impl<T> Reader<T> {
    /// Takes the latest value, if one arrived since the last call: true if so. Never allocates, frees or waits.
    pub fn refresh(&mut self) -> bool {
        // Only the reader clears FRESH, so what is seen here still holds at the swap.
        if self.shared.middle.0.load(Ordering::Relaxed) & FRESH == 0 {
            return false;
        }
        let latest = self.shared.middle.0.swap(self.front, Ordering::AcqRel);
        self.front = latest & INDEX;
        true
    }

    /// The value as of the last [`Reader::refresh`].
    #[must_use]
    pub fn get(&self) -> &T {
        // SAFETY: `front` belongs to the reader alone until `refresh`, which needs `&mut self` and so cannot
        // run while the returned reference lives.
        self.shared.slot(self.front).with(|slot| unsafe { &*slot })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn reader_sees_the_initial_value_until_the_first_write() {
        let (mut writer, mut reader) = mailbox(|| 7);
        assert!(!reader.refresh());
        assert_eq!(*reader.get(), 7);
        writer.write(8);
        assert_eq!(*reader.get(), 7, "a value stays until refresh");
        assert!(reader.refresh());
        assert_eq!(*reader.get(), 8);
        assert!(!reader.refresh());
    }

    #[test]
    fn the_latest_of_several_values_wins() {
        let (mut writer, mut reader) = mailbox(|| 0);
        for value in 1..=5 {
            writer.write(value);
        }
        assert!(reader.refresh());
        assert_eq!(*reader.get(), 5);
    }

    #[test]
    fn filling_in_place_keeps_the_buffers() {
        let (mut writer, mut reader) = mailbox(|| Vec::with_capacity(64));
        for value in 0_u8..10 {
            writer.write_with(|slot| {
                assert_eq!(slot.capacity(), 64);
                slot.clear();
                slot.push(value);
            });
            assert!(reader.refresh());
            assert_eq!(reader.get().as_slice(), [value]);
        }
    }
}

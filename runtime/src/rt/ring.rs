//! A bounded lock-free queue for one producer and one consumer, made of slots that are never empty.
//!
//! A popped value stays in its slot until the producer overwrites it. So neither side frees for the other:
//! with [`Producer::push_with`] a real-time producer reuses the slot's buffers, and a real-time consumer
//! leaves what it has read for the producer to drop.

// Slots are shared by ownership that moves with two atomic positions; the compiler cannot follow it.
// tests/rt_loom.rs checks every interleaving.
#![allow(unsafe_code)]

use super::sync::{Arc, AtomicU64, AtomicUsize, CachePadded, Ordering, UnsafeCell};

struct Shared<T> {
    /// A power of two of them, so that positions may wrap around `usize`.
    slots: Box<[UnsafeCell<T>]>,
    capacity: usize,
    /// Position of the next value to pop; written by the consumer.
    head: CachePadded<AtomicUsize>,
    /// Position of the next value to push; written by the producer.
    tail: CachePadded<AtomicUsize>,
    dropped: CachePadded<AtomicU64>,
}

// SAFETY: slots in `head..tail` are read by the consumer only, all others are touched by the producer only;
// each side gives slots up by a release store that the other acquires. Values are moved and dropped across
// threads, hence `T: Send`; `&T` is handed out for `&mut Consumer` only, so to one thread at a time.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn slot(&self, position: usize) -> &UnsafeCell<T> {
        &self.slots[position & (self.slots.len() - 1)]
    }
}

/// The sending side of a [`ring`].
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    tail: usize,
    /// `head` as last seen, which spares a look at the consumer's cache line in most pushes.
    seen_head: usize,
}

/// The receiving side of a [`ring`].
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    head: usize,
    /// `tail` as last seen, which spares a look at the producer's cache line in most pops.
    seen_tail: usize,
}

/// Makes a queue of at most `capacity` values (at least 1); `init` makes the first value of each slot.
///
/// The values left in the slots are dropped together with the side that goes last.
pub fn ring<T>(capacity: usize, mut init: impl FnMut() -> T) -> (Producer<T>, Consumer<T>) {
    let capacity = capacity.max(1);
    let shared = Arc::new(Shared {
        slots: (0..capacity.next_power_of_two()).map(|_| UnsafeCell::new(init())).collect(),
        capacity,
        head: CachePadded(AtomicUsize::new(0)),
        tail: CachePadded(AtomicUsize::new(0)),
        dropped: CachePadded(AtomicU64::new(0)),
    });
    let producer = Producer { shared: Arc::clone(&shared), tail: 0, seen_head: 0 };
    (producer, Consumer { shared, head: 0, seen_tail: 0 })
}

impl<T> Producer<T> {
    /// Appends `value`. The value that lay in the slot is dropped here, on the producer's thread.
    ///
    /// # Errors
    /// A full queue gives the value back and counts it in [`Producer::dropped`].
    pub fn push(&mut self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.push_with(|slot| {
            if let Some(value) = value.take() {
                *slot = value;
            }
        });
        value.map_or(Ok(()), Err)
    }

    /// Appends a value by filling its slot in place, so that buffers in it keep their capacity.
    ///
    /// The slot holds some older value; `fill` must set all of it. Returns false and counts the value in
    /// [`Producer::dropped`], without calling `fill`, if the queue is full. If `fill` panics nothing is sent.
    pub fn push_with(&mut self, fill: impl FnOnce(&mut T)) -> bool {
        if self.is_full() {
            self.shared.dropped.0.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        self.shared.slot(self.tail).with_mut(|slot| {
            // SAFETY: this slot is outside `head..tail`, so it is the producer's until the store below;
            // `is_full` acquired the consumer's store that gave it up. `&mut self` makes this the only access.
            fill(unsafe { &mut *slot });
        });
        self.tail = self.tail.wrapping_add(1);
        self.shared.tail.0.store(self.tail, Ordering::Release);
        true
    }

    /// How many values a full queue has refused so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.0.load(Ordering::Relaxed)
    }

    fn is_full(&mut self) -> bool {
        if self.tail.wrapping_sub(self.seen_head) == self.shared.capacity {
            self.seen_head = self.shared.head.0.load(Ordering::Acquire);
        }
        self.tail.wrapping_sub(self.seen_head) == self.shared.capacity
    }
}

impl<T> Consumer<T> {
    /// The oldest value, if there is one. It stays there until [`Consumer::pop`].
    pub fn front(&mut self) -> Option<&T> {
        if self.is_empty() {
            return None;
        }
        // SAFETY: this slot is inside `head..tail`, so it is the consumer's until `pop`, which needs
        // `&mut self` and so cannot run while the returned reference lives; `is_empty` acquired the
        // producer's store that published it.
        Some(self.shared.slot(self.head).with(|slot| unsafe { &*slot }))
    }

    /// Gives the oldest value's slot back to the producer, who drops or reuses it. False if there was none.
    pub fn pop(&mut self) -> bool {
        if self.is_empty() {
            return false;
        }
        self.head = self.head.wrapping_add(1);
        self.shared.head.0.store(self.head, Ordering::Release);
        true
    }

    /// Reads the oldest value, if there is one, and pops it. If `read` panics the value stays.
    pub fn pop_with<R>(&mut self, read: impl FnOnce(&T) -> R) -> Option<R> {
        let result = read(self.front()?);
        self.pop();
        Some(result)
    }

    /// How many values a full queue has refused so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.0.load(Ordering::Relaxed)
    }

    fn is_empty(&mut self) -> bool {
        if self.head == self.seen_tail {
            self.seen_tail = self.shared.tail.0.load(Ordering::Acquire);
        }
        self.head == self.seen_tail
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_in_order_and_a_full_ring_gives_them_back() {
        let (mut producer, mut consumer) = ring(3, || 0);
        assert_eq!(consumer.front(), None);
        assert!(!consumer.pop());
        for round in 0..10 {
            for value in 1..=3 {
                assert_eq!(producer.push(round * 10 + value), Ok(()));
            }
            assert_eq!(producer.push(99), Err(99));
            assert_eq!(consumer.front(), Some(&(round * 10 + 1)));
            for value in 1..=3 {
                assert_eq!(consumer.pop_with(|v| *v), Some(round * 10 + value));
            }
            assert_eq!(consumer.pop_with(|v| *v), None);
        }
        assert_eq!((producer.dropped(), consumer.dropped()), (10, 10));
    }

    #[test]
    fn filling_in_place_keeps_the_buffers() {
        let (mut producer, mut consumer) = ring(2, || Vec::with_capacity(64));
        for value in 0_u8..10 {
            assert!(producer.push_with(|slot| {
                assert_eq!(slot.capacity(), 64);
                slot.clear();
                slot.push(value);
            }));
            assert_eq!(consumer.pop_with(|v| v[0]), Some(value));
        }
    }

    #[test]
    fn positions_may_wrap_around() {
        let (mut producer, mut consumer) = ring(3, || 0);
        let near_the_end = usize::MAX - 1;
        producer.shared.head.0.store(near_the_end, Ordering::Relaxed);
        producer.shared.tail.0.store(near_the_end, Ordering::Relaxed);
        (producer.tail, producer.seen_head) = (near_the_end, near_the_end);
        (consumer.head, consumer.seen_tail) = (near_the_end, near_the_end);
        for value in 0..20 {
            assert_eq!(producer.push(value), Ok(()));
            assert_eq!(producer.push(value + 100), Ok(()));
            assert_eq!(consumer.pop_with(|v| *v), Some(value));
            assert_eq!(consumer.pop_with(|v| *v), Some(value + 100));
        }
    }

    #[test]
    fn capacity_zero_is_one() {
        let (mut producer, _consumer) = ring(0, || 0);
        assert_eq!(producer.push(1), Ok(()));
        assert_eq!(producer.push(2), Err(2));
    }
}

//! Counts heap allocations: those of one thread, and those of the whole process.

// Implements GlobalAlloc, which is an unsafe trait.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

thread_local! {
    static THREAD: Cell<u64> = const { Cell::new(0) };
}
static PROCESS: AtomicU64 = AtomicU64::new(0);
static COUNT_PROCESS: AtomicBool = AtomicBool::new(false);

/// The system's allocator with counters; the shared one only counts when asked to, as it costs.
pub struct Counting;

fn count() {
    // A thread that ends may allocate after its locals are gone.
    let _ = THREAD.try_with(|n| n.set(n.get() + 1));
    if COUNT_PROCESS.load(Ordering::Relaxed) {
        PROCESS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Allocations and reallocations of this thread so far.
pub fn of_thread() -> u64 {
    THREAD.get()
}

/// Those of the process since this was first called.
pub fn of_process() -> u64 {
    COUNT_PROCESS.store(true, Ordering::Relaxed);
    PROCESS.load(Ordering::Relaxed)
}

//! Proof that real-time code does not touch the heap: an allocator that aborts when it does.
//!
//! A test or benchmark installs it; the real-time loop enters the guard on its own:
//!
//! ```
//! use runtime::rt::{CheckedAllocator, count_allocations};
//!
//! #[global_allocator]
//! static ALLOCATOR: CheckedAllocator = CheckedAllocator::system();
//!
//! fn main() {
//!     let (_, heap_calls) = count_allocations(|| drop(Box::new(1)));
//!     assert_eq!(heap_calls, Some(2), "one allocation, one free");
//! }
//! ```

// Implements GlobalAlloc, which is an unsafe trait, and writes to stderr below std, which might allocate.
#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    marker::PhantomData,
    sync::atomic::{AtomicBool, Ordering},
};

// Const-initialised and without a destructor: reading them from inside the allocator allocates nothing.
thread_local! {
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    static HEAP_CALLS: Cell<u64> = const { Cell::new(0) };
}

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// While one lives, the thread that made it must not allocate or free.
///
/// With [`CheckedAllocator`] installed the process aborts if it does, unless it is panicking already; without,
/// the guard is one thread-local counter.
pub struct NoAllocGuard {
    /// Ties the guard to its thread.
    not_send: PhantomData<*const ()>,
}

impl NoAllocGuard {
    /// Begins a section without heap use on this thread. Sections nest.
    #[must_use]
    pub fn enter() -> Self {
        GUARDS.set(GUARDS.get() + 1);
        Self { not_send: PhantomData }
    }
}

impl Drop for NoAllocGuard {
    fn drop(&mut self) {
        GUARDS.set(GUARDS.get() - 1);
    }
}

/// Runs `work` and counts how often it allocates, reallocates and frees on this thread.
///
/// `None` if [`CheckedAllocator`] is not the global allocator: then nobody counted.
pub fn count_allocations<R>(work: impl FnOnce() -> R) -> (R, Option<u64>) {
    let before = HEAP_CALLS.get();
    let result = work();
    let calls = HEAP_CALLS.get() - before;
    (result, INSTALLED.load(Ordering::Relaxed).then_some(calls))
}

/// A global allocator for tests and benchmarks that enforces [`NoAllocGuard`] and counts for
/// [`count_allocations`]; the work is done by the allocator inside.
pub struct CheckedAllocator<A = System> {
    inner: A,
}

impl CheckedAllocator {
    /// Checks around the system's allocator.
    #[must_use]
    pub const fn system() -> Self {
        Self { inner: System }
    }
}

impl<A> CheckedAllocator<A> {
    /// Checks around another allocator.
    #[must_use]
    pub const fn new(inner: A) -> Self {
        Self { inner }
    }

    fn check(&self, call: &'static str, size: usize) {
        // Shared by all threads, so written once only.
        if !INSTALLED.load(Ordering::Relaxed) {
            INSTALLED.store(true, Ordering::Relaxed);
        }
        HEAP_CALLS.set(HEAP_CALLS.get() + 1);
        if GUARDS.get() > 0 {
            refuse(call, size);
        }
    }
}

// SAFETY: every call goes to the inner allocator unchanged. The check before does not allocate, and does not
// unwind: it returns or aborts.
unsafe impl<A: GlobalAlloc> GlobalAlloc for CheckedAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.check("alloc", layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { self.inner.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.check("alloc", layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { self.inner.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        self.check("realloc", new_size);
        // SAFETY: the caller's promise, passed on.
        unsafe { self.inner.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.check("free", layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { self.inner.dealloc(pointer, layout) }
    }
}

/// Ends the process, unless it panics already: a panic has to allocate to be told.
#[cold]
fn refuse(call: &'static str, size: usize) {
    if std::thread::panicking() {
        return;
    }
    write_to_stderr(b"heap use in a section that must not allocate (NoAllocGuard): ");
    write_to_stderr(call.as_bytes());
    write_to_stderr(b" of ");
    let mut digits = [0; 20];
    write_to_stderr(decimal(size, &mut digits));
    write_to_stderr(b" bytes. Reuse a buffer made before the loop; `gdb -ex run -ex bt` shows the place.\n");
    std::process::abort();
}

fn write_to_stderr(text: &[u8]) {
    // SAFETY: the pointer and length are those of a slice. A failed write is ignored: the abort follows.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}

fn decimal(mut number: usize, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_decimal() {
        let mut digits = [0; 20];
        assert_eq!(decimal(0, &mut digits), b"0");
        assert_eq!(decimal(12_345, &mut digits), b"12345");
        assert_eq!(decimal(usize::MAX, &mut digits), usize::MAX.to_string().as_bytes());
    }

    #[test]
    fn nobody_counts_without_the_allocator() {
        assert_eq!(count_allocations(|| drop(vec![1])).1, None);
    }
}

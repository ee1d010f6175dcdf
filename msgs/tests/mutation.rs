//! Mutated bytes and mutated definitions: no panic, no hang, and no more memory than a small multiple of the input.

// A counting allocator implements GlobalAlloc, which is an unsafe trait.
#![allow(unsafe_code)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use msgs::dynamic::{Value, decode, encode};
use msgs::rosidl::TypeSet;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use support::{TYPES, Values};

struct Counting;

// Const-initialised and without a destructor: using them allocates nothing.
thread_local! {
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    IN_USE.set(IN_USE.get() + bytes);
    PEAK.set(PEAK.get().max(IN_USE.get()));
}

// SAFETY: all work is done by the system's allocator; only sizes are noted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both blocks live while the content moves.
        count(size as isize);
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` and tells how many bytes more than before it held at most.
fn peak<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = IN_USE.get();
    PEAK.set(before);
    let result = work();
    (result, (PEAK.get() - before) as usize)
}

/// A small generator (xorshift64*), so that a run is the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Changes a message in one to four places: cut, flipped, overwritten, a length blown up, stretched, repeated.
fn mutate(message: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = message.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            // Where lengths are: at multiples of four.
            3 | 4 => {
                let lengths = [u32::MAX, i32::MAX as u32, 1 << 24, 1 << 16, message.len() as u32, 9, 0];
                let length = lengths[random.below(lengths.len())].to_le_bytes();
                let at = at / 4 * 4;
                if let Some(place) = bytes.get_mut(at..at + 4) {
                    place.copy_from_slice(&length);
                }
            }
            5 => {
                let n = random.below(9);
                bytes.splice(at..at, (0..n).map(|_| random.next() as u8));
            }
            6 => {
                let end = (at + random.below(9)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let tail = bytes[at..].to_vec();
                bytes.extend_from_slice(&tail[..tail.len().min(256)]);
            }
        }
    }
    bytes
}

fn runner() -> TestRunner {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng)
}

/// How much a decoder may hold per byte of input, and beside.
const STATIC_LIMIT: (usize, usize) = (12, 1024);
const DYNAMIC_LIMIT: (usize, usize) = (96, 4096);

#[test]
fn no_bytes_do_harm() {
    let types = msgs::types();
    let mut values = Values::new(types);
    let mut runner = runner();
    let mut random = Random(0x5EED);
    let (mut inputs, mut accepted) = (0, 0);
    let mut worst = [0, 0];
    for t in TYPES {
        let strategy = values.of(t.name);
        for _ in 0..8 {
            let value = strategy.new_tree(&mut runner).unwrap().current();
            let message = encode(types, t.name, &value).unwrap();
            for _ in 0..48 {
                let input = Bytes::from(mutate(&message, &mut random));
                inputs += 1;
                let (fixed, held) = peak(|| (t.decode)(&input).is_ok());
                let (tree, held_by_tree) = peak(|| decode(types, t.name, &input).is_ok());
                assert_eq!(fixed, tree, "{}: one codec refuses {input:02x?}", t.name);
                for (n, (held, (factor, rest))) in
                    [(held, STATIC_LIMIT), (held_by_tree, DYNAMIC_LIMIT)].into_iter().enumerate()
                {
                    let limit = factor * input.len() + rest;
                    assert!(held <= limit, "{} took {held} bytes for {} bytes", t.name, input.len());
                    worst[n] = worst[n].max(held.saturating_sub(rest) / input.len().max(1));
                }
                if fixed {
                    accepted += 1;
                    // What is accepted is a message: it can be written, and then reads as the same bytes.
                    let again = (t.recode)(&input).unwrap();
                    assert_eq!((t.recode)(&again).unwrap(), again, "{}", t.name);
                    let value = decode(types, t.name, &input).unwrap();
                    assert_eq!(encode(types, t.name, &value).unwrap(), again, "{}", t.name);
                }
            }
        }
    }
    println!("{inputs} mutated messages, {accepted} still valid; heap per input byte at most {worst:?}");
    assert!(inputs >= 100_000, "{inputs}");
}

/// A length that claims as much as the input has room for is the dearest lie.
#[test]
fn claimed_lengths_cost_no_more_than_the_input() {
    const TAIL: usize = 16 << 10;
    let types = msgs::types();
    let mut values = Values::new(types);
    let mut runner = runner();
    let mut random = Random(0xB16);
    let mut worst = [(0, ""), (0, "")];
    for t in TYPES {
        let value = values.of(t.name).new_tree(&mut runner).unwrap().current();
        let message = encode(types, t.name, &value).unwrap();
        for round in 0..24 {
            let cut = 4 + random.below(message.len().saturating_sub(4).min(512)) / 4 * 4;
            let claims = [TAIL, TAIL / 2, TAIL / 4, TAIL / 8, TAIL / 16, TAIL / 64];
            let claim = claims[round % claims.len()] as u32;
            let filling = [0, 1, 4][round / claims.len() % 3];
            let mut input = message[..cut].to_vec();
            input.extend_from_slice(&claim.to_le_bytes());
            input.extend([filling, 0, 0, 0].into_iter().cycle().take(TAIL));
            let input = Bytes::from(input);
            let (_, fixed) = peak(|| (t.decode)(&input).is_ok());
            let (_, tree) = peak(|| decode(types, t.name, &input).is_ok());
            for (n, (held, (factor, rest))) in
                [(fixed, STATIC_LIMIT), (tree, DYNAMIC_LIMIT)].into_iter().enumerate()
            {
                let limit = factor * input.len() + rest;
                assert!(held <= limit, "{} took {held} bytes for {} bytes", t.name, input.len());
                worst[n] = worst[n].max((held / input.len(), t.name));
            }
        }
    }
    println!("heap per input byte at most {worst:?}");
}

/// A definition and the bytes it is to be read with may both come from outside: from a recording or another node.
#[test]
fn no_definition_does_harm() {
    const PIECES: [&str; 24] = [
        "[]",
        "[<=3]",
        "[16777216]",
        "[0]",
        "[",
        "]",
        "<=",
        "<=255",
        "string",
        "wstring",
        "uint8",
        "float64",
        "bool",
        "=",
        "\"",
        "'",
        "#",
        "\n",
        "---",
        " ",
        "/",
        "\0",
        "é",
        "99999999999999999999",
    ];
    let all: Vec<_> = TYPES.iter().map(|t| (t.name, msgs::types().definition(t.name).unwrap())).collect();
    let mut random = Random(0xDEF);
    let (mut inputs, mut accepted) = (0, 0);
    for round in 0..60 {
        for (name, text) in &all {
            // Long comments are nothing to find bugs in, and slow.
            let short: String =
                text.lines().map(|l| l.split('#').next().unwrap_or(l)).flat_map(|l| [l, "\n"]).collect();
            let mut text: Vec<char> = short.chars().collect();
            for _ in 0..=random.below(3) {
                let at = random.below(text.len());
                let end = (at + random.below(12)).min(text.len());
                match random.below(4) {
                    0 => drop(text.drain(at..end)),
                    1 => text.truncate(at),
                    2 => {
                        let name = name.replacen("/msg/", "/", 1);
                        text.splice(at..at, name.chars().chain([' ', 'x', '\n']));
                    }
                    _ => drop(text.splice(at..end, PIECES[random.below(PIECES.len())].chars())),
                }
            }
            let text: String = text.into_iter().collect();
            inputs += 1;
            let (_, held) = peak(|| {
                let mut types = TypeSet::default();
                if types.add_definition(name, &text).is_err() {
                    return;
                }
                accepted += 1;
                let _ = types.hash(name);
                let _ = types.definition(name);
                let bytes: Vec<u8> = [0, 1, 0, 0]
                    .into_iter()
                    .chain((0..64 + round % 7).map(|_| random.next() as u8 & 3))
                    .collect();
                let _ = decode(&types, name, &bytes.into());
                if round == 0 {
                    let _ = encode(&types, name, &Value::Message(vec![]));
                }
            });
            assert!(held <= 64 << 20, "{name} took {held} bytes: {text}");
        }
    }
    println!("{inputs} mutated definitions, {accepted} accepted");
}

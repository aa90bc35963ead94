//! The ways to misbehave that need care to be real: the compiler must neither prove them wrong nor mend them.
#![allow(unsafe_code, clippy::allow_attributes, reason = "misbehaving is what this is for")]

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::alloc::System;

use crate::bindings::tidegate::plugin::log::{self, Level};
use crate::bindings::tidegate::plugin::types::{FailureCategory, Item};

/// Plays a trick by name; an unknown name does nothing.
pub(crate) fn play(trick: &str) {
    match trick {
        "loop" | "describe-loop" => spin(),
        "grow" | "describe-grow" => grow(),
        "panic" | "describe-panic" => {
            crate::say_error("panicked at hostile: told to panic");
            give_up();
        }
        "silent" => give_up(),
        "recurse" => drop(black_box(recurse(black_box(1)))),
        "flood-log" => (0..100_000).for_each(|i| log::line(Level::Info, &format!("line {i}"))),
        "long-line" => log::line(Level::Info, &"x".repeat(40 << 20)),
        "log" => log::line(Level::Warn, "one\ntwo"),
        _ => {}
    }
}

/// Its own function, so that a backtrace can name it.
#[inline(never)]
fn give_up() -> ! {
    core::arch::wasm32::unreachable()
}

#[inline(never)]
fn spin() {
    let mut turns = 0_u64;
    while black_box(turns) < u64::MAX {
        turns += 1;
    }
}

/// Asks for 4 GiB, page by page, and gives up at the first refusal as allocators do.
#[inline(never)]
fn grow() {
    for _ in 0..65_536 {
        if core::arch::wasm32::memory_grow::<0>(1) == usize::MAX {
            give_up();
        }
    }
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    static STOP: AtomicBool = AtomicBool::new(false);
    // Nothing on the stack in linear memory, which would run out first; and no sum that could become a loop.
    if STOP.load(Ordering::Relaxed) { depth } else { recurse(depth + 1).rotate_left(1) ^ depth }
}

/// How many calls this instance has had; more than one means that instances are used twice.
pub(crate) fn count() -> u32 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    CALLS.fetch_add(1, Ordering::Relaxed) + 1
}

pub(crate) fn not_unicode() -> String {
    // SAFETY: none; that is the trick. The host has to notice.
    unsafe { String::from_utf8_unchecked(black_box(vec![b'a', 0xff, 0xfe])) }
}

/// A text that lies outside the instance's memory.
pub(crate) fn out_of_memory() -> String {
    let address = black_box(0xffff_0000_usize) as *mut u8;
    // SAFETY: none; that is the trick. Nothing here reads it.
    unsafe { String::from_raw_parts(address, 1_000, 1_000) }
}

/// A category that does not exist.
pub(crate) fn no_such_case() -> FailureCategory {
    let number = black_box(200_u8);
    // SAFETY: none; that is the trick. Nothing here looks at it.
    unsafe { core::ptr::read_volatile((&raw const number).cast::<FailureCategory>()) }
}

/// Many empty items: little memory here, much in a host that does not count.
pub(crate) fn many(count: usize) -> Vec<Item> {
    (0..count)
        .map(|_| Item { title: None, text: None, external_id: String::new(), kind: String::new(), ..crate::item("") })
        .collect()
}

static FREEING_SPINS: AtomicBool = AtomicBool::new(false);

/// From now on freeing memory never ends; the answer is freed after the call, in its post-return function.
pub(crate) fn spin_when_freed() {
    FREEING_SPINS.store(true, Ordering::Relaxed);
}

struct Trap;

// SAFETY: the system's allocator, but for the trick.
unsafe impl GlobalAlloc for Trap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if FREEING_SPINS.load(Ordering::Relaxed) {
            spin();
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Trap = Trap;

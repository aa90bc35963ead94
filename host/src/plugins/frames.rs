//! Where a plugin was when it trapped.
//!
//! Owns: which functions of a backtrace are told, and how they are named. Must not know: what a trap means. Called by `fault`.

use tidegate_core::limits;
use tidegate_core::one_line::one_line;
use wasmtime::WasmBacktrace;

/// Names of the innermost functions that tell where it was, innermost first.
pub(super) fn frames(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let name = |frame: &wasmtime::FrameInfo| match frame.func_name() {
        // Without the hash at the end.
        Some(name) => {
            // No name of a language is as long; what follows would only cost time.
            let begin = name.get(..name.floor_char_boundary(limits::MESSAGE_BYTES)).unwrap_or_default();
            one_line(&format!("{:#}", rustc_demangle::demangle(begin)), limits::WORD_BYTES)
        }
        None => format!("function {}", frame.func_index()),
    };
    telling(backtrace.frames().iter().take(limits::TRAP_FRAMES_READ).map(name))
}

/// The frames that tell where it was; all of them if none does.
fn telling(frames: impl Iterator<Item = String>) -> Vec<String> {
    let (machinery, mut telling): (Vec<String>, Vec<String>) = frames.partition(|frame| is_machinery(frame));
    if telling.is_empty() {
        telling = machinery;
    }
    telling.truncate(limits::TRAP_FRAMES);
    telling
}

/// Functions in which every panic of Rust ends, whatever its cause.
fn is_machinery(frame: &str) -> bool {
    const BEGINS: [&str; 14] = [
        "__rust",
        "__rustc",
        "_rust",
        "alloc::",
        "core::ops::function::",
        "core::option::",
        "core::panicking",
        "core::result::",
        "core::slice::index::",
        "core::str::slice_error_fail",
        "rust_",
        "std::panic",
        "std::process::abort",
        "std::sys::",
    ];
    // A method of a type: `<alloc::vec::Vec<T> as ...>`.
    let frame = frame.trim_start_matches('<');
    frame == "abort" || BEGINS.iter().any(|begin| frame.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machinery_of_a_panic_is_left_out() {
        let frames = [
            "std::process::abort",
            "__rustc::__rust_abort",
            "rust_panic",
            "std::panicking::rust_panic_with_hook",
            "<alloc::boxed::Box<F> as core::ops::function::FnOnce<A>>::call_once",
            "core::panicking::panic_fmt",
            "core::option::unwrap_failed",
            "tides::answer::entry",
            "tides::answer::page",
        ];
        let told = telling(frames.iter().map(|frame| (*frame).to_owned()));
        assert_eq!(told, ["tides::answer::entry", "tides::answer::page"]);
        let only = ["rust_panic", "abort"].map(str::to_owned);
        assert_eq!(telling(only.clone().into_iter()), only, "better than nothing");
    }
}

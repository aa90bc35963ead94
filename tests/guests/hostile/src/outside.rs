//! Looking outside through WASI, as the runtimes of other languages do at their start.

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated from wit/wasi.wit"
)]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "test:guest/wasi", generate_all });
}

use bindings::wasi::cli::{environment, stderr};
use bindings::wasi::clocks::{monotonic_clock, wall_clock};
use bindings::wasi::filesystem::preopens;
use bindings::wasi::random::random;
use bindings::wasi::sockets::network::IpAddressFamily;
use bindings::wasi::sockets::tcp_create_socket;

/// Everything that can be seen, in a line.
pub(crate) fn look() -> String {
    let now = wall_clock::now();
    let ticks = monotonic_clock::now();
    let stands = ticks == monotonic_clock::now();
    let socket = match tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4) {
        Ok(_) => "a socket".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    format!(
        "now {}.{:09} stands {stands} random {} env {} args {} dirs {} socket {socket}",
        now.seconds,
        now.nanoseconds,
        random::get_random_u64(),
        environment::get_environment().len(),
        environment::get_arguments().len(),
        preopens::get_directories().len(),
    )
}

pub(crate) fn complain(text: &str) {
    // Whether it could be written changes nothing: what follows is a trap.
    drop(stderr::get_stderr().blocking_write_and_flush(text.as_bytes()));
}

/// Waits for a time that does not come.
pub(crate) fn wait() {
    monotonic_clock::subscribe_duration(u64::MAX).block();
}

/// Takes handles and gives none back.
pub(crate) fn hoard() {
    (0..1_000_000).for_each(|_| core::mem::forget(stderr::get_stderr()));
}

/// Asks for more random bytes than there is memory.
pub(crate) fn dice() {
    drop(random::get_random_bytes(1 << 40));
}

/// Writes without an end, and without a line break.
pub(crate) fn flood() {
    let stderr = stderr::get_stderr();
    let page = vec![b'x'; 4_096];
    (0..5_000).for_each(|_| drop(stderr.blocking_write_and_flush(&page)));
}

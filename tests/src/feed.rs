//! A feed on loopback that answers as far as it is let.
//!
//! Owns: the listener and its gate: a test holds a run under way by holding its answer. Called by the end-to-end tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::Trouble;

/// How many requests have come, and how many may be answered.
type Flow = Arc<(Mutex<(usize, usize)>, Condvar)>;

/// A feed of five items.
pub struct Feed {
    /// Where it is.
    pub url: String,
    flow: Flow,
}

impl Feed {
    /// One that answers so many requests, and holds the next one.
    ///
    /// # Errors
    /// When there is no port to listen at.
    pub fn start(open: usize) -> Result<Self, Trouble> {
        let trouble = Trouble::io("listening for a feed's readers");
        let listener = TcpListener::bind("127.0.0.1:0").and_then(|at| Ok((at.local_addr()?, at)));
        let (address, listener) = listener.map_err(trouble)?;
        let flow: Flow = Arc::new((Mutex::new((0, open)), Condvar::new()));
        let theirs = Arc::clone(&flow);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &theirs);
            }
        });
        Ok(Self { url: format!("http://{address}/feed.xml"), flow })
    }

    /// Waits until so many requests have come.
    ///
    /// # Panics
    /// If they do not come.
    pub fn asked(&self, count: usize) {
        let (seen, moved) = &*self.flow;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = moved.wait_timeout_while(seen, Duration::from_secs(60), |(come, _)| *come < count);
        let (seen, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "{count} requests were waited for, and {} have come", seen.0);
    }

    /// Holds the answer to the next request, and to all that follow. Gives how many have come before.
    #[must_use]
    pub fn hold(&self) -> usize {
        let mut seen = self.flow.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.1 = seen.0;
        seen.0
    }

    /// Answers all requests from now on.
    pub fn open(&self) {
        let (seen, moved) = &*self.flow;
        seen.lock().unwrap_or_else(PoisonError::into_inner).1 = usize::MAX;
        moved.notify_all();
    }
}

fn answer(mut stream: TcpStream, (seen, moved): &(Mutex<(usize, usize)>, Condvar)) {
    let Ok(reader) = stream.try_clone() else { return };
    let lines = BufReader::new(reader).lines().map_while(Result::ok);
    let _head = lines.take_while(|line| !line.is_empty()).count();
    let mut held = seen.lock().unwrap_or_else(PoisonError::into_inner);
    held.0 += 1;
    moved.notify_all();
    drop(moved.wait_while(held, |(come, open)| *come > *open));
    let item = |n| format!("<item><title>{n}</title><guid>{n}</guid><link>https://coast.example/{n}</link></item>");
    let items: String = (0..5).map(item).collect();
    let body = format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n";
    // Who has asked may have gone.
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok();
}

//! A webhook on loopback that keeps what it is sent, and the listener of a daemon, asked over a socket.
//!
//! Owns: one HTTP/1.1 exchange a connection, on either side. Must not know: what is sent. Called by the end-to-end tests.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::Trouble;

/// A request as it came: request line and header fields, then the body.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Up to the empty line.
    pub head: String,
    /// After it.
    pub body: String,
}

/// A webhook that takes everything with status 200. Lives until the process ends.
pub struct Hook {
    /// `http://127.0.0.1:PORT`
    pub origin: String,
    heard: Arc<(Mutex<Vec<Heard>>, Condvar)>,
}

impl Hook {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub fn start() -> Result<Self, Trouble> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(Trouble::io("listening for alerts"))?;
        let address = listener.local_addr().map_err(Trouble::io("listening for alerts"))?;
        let heard = Arc::<(Mutex<Vec<Heard>>, Condvar)>::default();
        let noted = Arc::clone(&heard);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if let Some(request) = request(&mut stream) {
                    noted.0.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                    noted.1.notify_all();
                }
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
                // Whoever has gone away has not waited for it.
                let _gone = stream.write_all(answer);
            }
        });
        Ok(Self { origin: format!("http://{address}"), heard })
    }

    /// All requests so far.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many requests have come.
    ///
    /// # Errors
    /// [`Trouble::Deadline`].
    pub fn wait(&self, count: usize, most: Duration) -> Result<Vec<Heard>, Trouble> {
        let heard = self.heard.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.heard.1.wait_timeout_while(heard, most, |heard| heard.len() < count);
        let (heard, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if heard.len() >= count {
            return Ok(heard.clone());
        }
        let (what, last) = (format!("{count} requests to a webhook"), format!("{heard:?}"));
        Err(Trouble::Deadline { what, seconds: most.as_secs(), last, log: String::new() })
    }
}

fn request(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 4_096];
    let mut more = |stream: &mut TcpStream, bytes: &mut Vec<u8>| match stream.read(&mut piece) {
        Ok(read @ 1..) => {
            bytes.extend_from_slice(&piece[..read]);
            true
        }
        _ => false,
    };
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        if !more(stream, &mut bytes) {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let field =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    let length: usize = field.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        if !more(stream, &mut bytes) {
            return None;
        }
    }
    Some(Heard { head, body: String::from_utf8_lossy(&bytes[end..]).into_owned() })
}

/// Asks `GET target` of a listener: status and body.
///
/// # Errors
/// When it cannot be reached or says nothing that is HTTP.
pub fn get(address: &str, target: &str) -> Result<(u16, String), Trouble> {
    let asking = || Trouble::io(format!("asking {address} for {target}"));
    let mut stream = TcpStream::connect(address).map_err(asking())?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(asking())?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(asking())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(asking())?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    status.zip(body).ok_or_else(|| Trouble::printed("no answer of HTTP", &answer))
}

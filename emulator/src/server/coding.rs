//! Content codings, right and wrong.
//!
//! Owns: gzip, br and deflate in requests; gzip, br and broken gzip in answers. Called by `send` and by the start of a
//! run.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::limits::{BODY_BYTES, BOMB_BYTES};
use crate::script::Coding;

/// The name for `Content-Encoding`, and the coded body.
pub(crate) fn encode(coding: Coding, body: &[u8]) -> io::Result<(&'static str, Vec<u8>)> {
    Ok(match coding {
        Coding::Gzip => ("gzip", gzip(body)?),
        Coding::Br => {
            let mut coded = Vec::new();
            let mut input = body;
            brotli::BrotliCompress(
                &mut input,
                &mut coded,
                &brotli::enc::BrotliEncoderParams { quality: 4, ..Default::default() },
            )?;
            ("br", coded)
        }
        Coding::BadGzip => {
            let mut coded = gzip(body)?;
            // The last eight bytes are checksum and length (RFC 1952 section 2.3.1).
            let from = coded.len().saturating_sub(8);
            coded.iter_mut().skip(from).for_each(|byte| *byte ^= 0x5a);
            ("gzip", coded)
        }
        Coding::ShortGzip => {
            let mut coded = gzip(body)?;
            coded.truncate(coded.len() / 2);
            ("gzip", coded)
        }
        Coding::Bomb => ("gzip", bomb()?),
    })
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

/// An array of one element and very many spaces: valid JSON.
fn bomb() -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"[{}")?;
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..BOMB_BYTES >> 20 {
        encoder.write_all(&spaces)?;
    }
    encoder.write_all(b"]")?;
    encoder.finish()
}

/// The body of a request. `None`: the coding is not known. An error: it is not what it says.
pub(crate) fn decode(coding: &str, body: &[u8]) -> Option<io::Result<Vec<u8>>> {
    let most = u64::try_from(BODY_BYTES).unwrap_or(u64::MAX) + 1;
    let mut out = Vec::new();
    let read = match coding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => return Some(Ok(body.to_vec())),
        "gzip" => flate2::read::GzDecoder::new(body).take(most).read_to_end(&mut out),
        "deflate" => flate2::read::ZlibDecoder::new(body).take(most).read_to_end(&mut out),
        "br" => brotli::Decompressor::new(body, 4_096).take(most).read_to_end(&mut out),
        _ => return None,
    };
    Some(read.map(|_| out))
}

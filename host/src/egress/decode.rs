//! Content codings, undone as the bytes arrive.
//!
//! Owns: gzip, deflate, br and zstd (RFC 9110, 8.4; RFC 9659), at most two on top of each other, and the limits on both
//! sides of them. Must not know: HTTP connections. Called by the body reader with each piece.
//!
//! Every decoder writes into a bounded sink and is stopped by it, so a bomb costs at most its limit in memory. Tolerated
//! as browsers and curl do: a body that names gzip or deflate and is neither (it is taken as it stands), zlib or raw
//! deflate, several gzip members, bytes after the end.

use std::io::{self, Write};

use tidegate_core::limits;

use super::codec::Codec;
use super::error::Measure;

/// Why decoding ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// More than a limit.
    TooLarge { what: Measure, limit: usize },
    /// A coding that is not known, or too many of them.
    Unknown { coding: String, why: String },
    /// The data is not what the coding says.
    Broken { coding: &'static str, why: String },
    /// The data ends too early, or its checksum differs.
    Cut(String),
}

/// A body on its way through its codings.
pub(super) struct Decoder {
    /// In the order they are undone.
    stages: Vec<Stage>,
    sink: Sink,
    wire: usize,
    wire_limit: usize,
}

/// Where decoded bytes go.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    limit: usize,
    /// Bytes that may be here by the ratio and what has come over the wire so far.
    by_ratio: usize,
    /// Bytes that went through, for sinks between two stages.
    passed: usize,
    full: Option<Measure>,
}

impl Sink {
    fn overflow(&self) -> Option<DecodeError> {
        let what = self.full?;
        let limit = if what == Measure::Ratio { limits::DECODE_RATIO } else { self.limit };
        Some(DecodeError::TooLarge { what, limit })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let total = self.passed + self.bytes.len() + bytes.len();
        if total > self.limit {
            self.full = Some(Measure::Body);
        } else if total > limits::DECODE_RATIO_FROM && total > self.by_ratio {
            self.full = Some(Measure::Ratio);
        }
        if self.full.is_some() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    /// `codings`: the values of all `Content-Encoding` fields. `expected`: `Content-Length`, used to reserve memory.
    pub(super) fn new<'a>(
        codings: impl Iterator<Item = &'a str>,
        body_limit: usize,
        expected: Option<usize>,
    ) -> Result<Self, DecodeError> {
        let mut stages = Vec::new();
        for coding in codings.flat_map(|value| value.split(',')).map(str::trim) {
            stages.extend(Stage::named(coding)?);
        }
        if stages.len() > limits::CONTENT_CODINGS {
            let why = format!("is one of {}; at most {} are undone", stages.len(), limits::CONTENT_CODINGS);
            return Err(DecodeError::Unknown { coding: "(several)".to_owned(), why });
        }
        stages.reverse();
        for stage in &mut stages {
            stage.sink.limit = body_limit;
        }
        let sink = Sink { limit: body_limit, ..Sink::default() };
        let mut decoder = Self { stages, sink, wire: 0, wire_limit: body_limit };
        if decoder.stages.is_empty() {
            decoder.sink.bytes.reserve_exact(expected.unwrap_or(0).min(body_limit));
        }
        Ok(decoder)
    }

    /// Bytes that have arrived.
    pub(super) const fn wire(&self) -> usize {
        self.wire
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        self.wire += piece.len();
        if self.wire > self.wire_limit {
            return Err(DecodeError::TooLarge { what: Measure::Wire, limit: self.wire_limit });
        }
        let by_ratio = self.wire.saturating_mul(limits::DECODE_RATIO);
        self.sink.by_ratio = by_ratio;
        self.stages.iter_mut().for_each(|stage| stage.sink.by_ratio = by_ratio);
        let Some((first, rest)) = self.stages.split_first_mut() else {
            // Without a coding there is no ratio.
            self.sink.by_ratio = usize::MAX;
            return self.sink.write_all(piece).map_err(|_| self.sink.overflow().unwrap_or(NO_ROOM));
        };
        first.push(piece)?;
        pass_on(first, rest)
    }

    /// Ends the body and gives it, without what was drained.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, DecodeError> {
        // An empty body of whatever coding is an empty body: some servers name gzip on a 204 or an empty feed.
        if self.wire > 0 {
            for at in 0..self.stages.len() {
                let (done, rest) = self.stages.split_at_mut(at + 1);
                if let Some(stage) = done.last_mut() {
                    stage.finish()?;
                    pass_on(stage, rest)?;
                }
            }
        }
        Ok(self.take())
    }

    /// What has been decoded so far, however the body ends.
    pub(super) fn take(mut self) -> Vec<u8> {
        self.stages.pop().map_or(self.sink.bytes, |last| last.sink.bytes)
    }

    /// What has been decoded since the last call. The limits go on counting it.
    pub(super) fn drain(&mut self) -> Vec<u8> {
        let sink = self.stages.last_mut().map_or(&mut self.sink, |last| &mut last.sink);
        sink.passed += sink.bytes.len();
        std::mem::take(&mut sink.bytes)
    }

    /// Decoded bytes so far, without those that were drained.
    pub(super) fn decoded(&self) -> usize {
        self.stages.last().map_or(self.sink.bytes.len(), |last| last.sink.bytes.len())
    }
}

/// Letters of a coding's name that are shown.
const NAME_SHOWN: usize = 64;

/// Cannot happen: a sink only fails when it says why.
const NO_ROOM: DecodeError = DecodeError::TooLarge { what: Measure::Body, limit: 0 };

/// Hands what a stage has made to the next ones; the last one keeps it.
fn pass_on(from: &mut Stage, rest: &mut [Stage]) -> Result<(), DecodeError> {
    let Some((next, rest)) = rest.split_first_mut() else { return Ok(()) };
    let bytes = std::mem::take(&mut from.sink.bytes);
    from.sink.passed += bytes.len();
    next.push(&bytes)?;
    pass_on(next, rest)
}

/// One coding being undone.
struct Stage {
    codec: Codec,
    sink: Sink,
}

impl Stage {
    /// The stage for a coding's name; nothing for the names of "no coding".
    fn named(coding: &str) -> Result<Option<Self>, DecodeError> {
        let codec = match coding.to_ascii_lowercase().as_str() {
            // The last two are no codings, but servers write them there and mean nothing by it.
            "" | "identity" | "none" | "utf-8" => return Ok(None),
            "gzip" | "x-gzip" => Codec::gzip(),
            "deflate" => Codec::deflate(),
            "br" => Codec::brotli(),
            "zstd" => Codec::zstd().map_err(|e| DecodeError::Broken { coding: "zstd", why: e.to_string() })?,
            _ => {
                // Whoever hides a credential in a message has to see that it was cut.
                let cut = if coding.chars().nth(NAME_SHOWN).is_some() { "…" } else { "" };
                let coding = coding.chars().take(NAME_SHOWN).chain(cut.chars()).collect();
                return Err(DecodeError::Unknown {
                    coding,
                    why: "is not known; gzip, deflate, br and zstd are".to_owned(),
                });
            }
        };
        Ok(Some(Self { codec, sink: Sink::default() }))
    }

    fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        let pushed = self.codec.push(piece, &mut self.sink);
        pushed.map_err(|e| self.error(&e))
    }

    fn finish(&mut self) -> Result<(), DecodeError> {
        let finished = self.codec.finish(&mut self.sink);
        finished.map_err(|e| self.error(&e))
    }

    /// What an error of a codec means.
    fn error(&self, error: &io::Error) -> DecodeError {
        self.sink.overflow().unwrap_or_else(|| match error.kind() {
            io::ErrorKind::UnexpectedEof => DecodeError::Cut(format!("the {} data ends too early", self.codec.name())),
            _ => DecodeError::Broken { coding: self.codec.name(), why: error.to_string() },
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::super::testserver::{brotli, deflate, gzip, zlib, zstd};
    use super::*;

    /// Decodes with the body arriving in pieces of that size.
    fn decode(codings: &str, body: &[u8], limit: usize, piece: usize) -> Result<Vec<u8>, DecodeError> {
        let mut decoder = Decoder::new(std::iter::once(codings), limit, None)?;
        body.chunks(piece).try_for_each(|piece| decoder.push(piece))?;
        decoder.finish()
    }

    fn text(len: usize) -> Vec<u8> {
        (0..len).map(|n| b'a' + u8::try_from((n * n / 7) % 23).unwrap()).collect()
    }

    #[test]
    fn every_coding_in_pieces_of_any_size() {
        let plain = text(100_000);
        for (coding, body) in [
            ("gzip", gzip(&plain)),
            ("X-GZIP", gzip(&plain)),
            ("deflate", zlib(&plain)),
            ("deflate", deflate(&plain)),
            ("br", brotli(&plain)),
            ("zstd", zstd(&plain)),
            ("identity", plain.clone()),
            ("", plain.clone()),
            ("utf-8", plain.clone()),
            ("gzip, br", brotli(&gzip(&plain))),
            ("gzip,gzip", gzip(&gzip(&plain))),
            ("gzip", [gzip(&plain[..40_000]), gzip(&plain[40_000..])].concat()),
            ("zstd", [zstd(&plain[..40_000]), zstd(&plain[40_000..])].concat()),
            ("gzip", plain.clone()),
        ] {
            for piece in [1, 7, 1_000, usize::MAX] {
                assert_eq!(decode(coding, &body, 200_000, piece).as_deref(), Ok(&plain[..]), "{coding} by {piece}");
            }
        }
    }

    #[test]
    fn what_follows_the_end_is_left() {
        let plain = text(1_000);
        for (coding, body) in
            [("gzip", gzip(&plain)), ("deflate", zlib(&plain)), ("br", brotli(&plain)), ("zstd", zstd(&plain))]
        {
            let body = [&body[..], b"\n<!-- cached -->"].concat();
            for piece in [1, usize::MAX] {
                assert_eq!(decode(coding, &body, 200_000, piece).as_deref(), Ok(&plain[..]), "{coding} by {piece}");
            }
        }
    }

    #[test]
    fn a_body_that_ends_too_early_is_cut() {
        let plain = text(50_000);
        for (coding, body) in [
            ("gzip", gzip(&plain)),
            ("deflate", zlib(&plain)),
            ("deflate", deflate(&plain)),
            ("br", brotli(&plain)),
            ("zstd", zstd(&plain)),
        ] {
            for keep in [body.len() - 1, body.len() / 2, 12] {
                let got = decode(coding, &body[..keep], 200_000, 1_000);
                assert!(matches!(got, Err(DecodeError::Cut(_))), "{coding} {keep} of {}: {got:?}", body.len());
            }
        }
        assert_eq!(decode("gzip", b"", 10, 1), Ok(Vec::new()));
    }

    #[test]
    fn a_wrong_checksum_is_cut() {
        let mut body = gzip(b"hello");
        let at = body.len() - 1;
        body[at] ^= 1;
        assert!(matches!(decode("gzip", &body, 100, 9), Err(DecodeError::Cut(_))));
    }

    #[test]
    fn broken_data_is_named() {
        for (coding, body) in
            [("br", &b"\xFF\xFF\xFF\xFF"[..]), ("zstd", b"plain text"), ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\0\xFF\xFF")]
        {
            let got = decode(coding, body, 100, 9);
            assert!(matches!(got, Err(DecodeError::Broken { .. })), "{coding}: {got:?}");
        }
        for coding in ["compress", "gzip, foo", "gzip, gzip, gzip", "br, br, br"] {
            assert!(matches!(decode(coding, b"x", 100, 9), Err(DecodeError::Unknown { .. })), "{coding}");
        }
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let zeros = vec![0; 8 << 20];
        for (coding, bomb) in [
            ("gzip", gzip(&zeros)),
            ("deflate", zlib(&zeros)),
            ("br", brotli(&zeros)),
            ("zstd", zstd(&zeros)),
            ("gzip, gzip", gzip(&gzip(&zeros))),
        ] {
            let ratio = DecodeError::TooLarge { what: Measure::Ratio, limit: limits::DECODE_RATIO };
            assert_eq!(decode(coding, &bomb, 16 << 20, 1_000), Err(ratio), "{coding}");
            let body = DecodeError::TooLarge { what: Measure::Body, limit: 100_000 };
            assert_eq!(decode(coding, &bomb, 100_000, 1_000), Err(body), "{coding}");
        }
        let wire = DecodeError::TooLarge { what: Measure::Wire, limit: 100 };
        assert_eq!(decode("", &[0; 101], 100, 50), Err(wire.clone()));
        assert_eq!(decode("gzip", &gzip(&text(4_000)), 100, 4_000), Err(wire));
        assert_eq!(decode("", &zeros, 16 << 20, 1_000).unwrap().len(), zeros.len(), "no ratio without a coding");
        assert_eq!(
            decode("gzip", &gzip(&zeros[..1 << 20]), 16 << 20, 1_000).unwrap().len(),
            1 << 20,
            "small is no attack"
        );
    }

    proptest! {
        #[test]
        fn no_input_panics_or_passes_the_limit(body in proptest::collection::vec(any::<u8>(), 0..300), magic in 0..4_usize) {
            let start: &[u8] = [&b""[..], b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x78\x9c"][magic];
            let body = [start, &body].concat();
            for coding in ["gzip", "deflate", "br", "zstd", "gzip, br"] {
                if let Ok(bytes) = decode(coding, &body, 1_000, 64) {
                    prop_assert!(bytes.len() <= 1_000);
                }
            }
        }
    }
}

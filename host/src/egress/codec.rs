//! The four content codings, each fed piece by piece.
//!
//! Owns: driving the decoders of the libraries, and what is tolerated around them. Must not know: limits (what is written
//! to is bounded and stops a decoder by failing). Called by the decoder.

use std::io::{self, Write};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::write::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

/// Decoded bytes are handed on in pieces of this size.
const PIECE: usize = 32 << 10;
/// The largest zstd window: 8 MiB (RFC 9659, section 3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// One coding being undone.
pub(super) struct Codec {
    name: &'static str,
    state: State,
}

enum State {
    /// The first two bytes decide what it is.
    Sniff(Vec<u8>),
    /// It names a coding and is in none.
    Plain,
    /// Its end has come; what follows is left.
    Ended,
    Gzip(Box<GzDecoder<Vec<u8>>>),
    Inflate(Box<Decompress>),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Zstd {
        decoder: Box<ZstdDecoder<'static>>,
        between_frames: bool,
    },
}

impl Codec {
    pub(super) const fn gzip() -> Self {
        Self { name: "gzip", state: State::Sniff(Vec::new()) }
    }

    pub(super) const fn deflate() -> Self {
        Self { name: "deflate", state: State::Sniff(Vec::new()) }
    }

    pub(super) fn brotli() -> Self {
        // Strict: without "large windows", which no content coding has and which ask for a gigabyte of memory.
        let alloc = StandardAlloc::default;
        Self { name: "br", state: State::Brotli(Box::new(BrotliState::new_strict(alloc(), alloc(), alloc()))) }
    }

    pub(super) fn zstd() -> io::Result<Self> {
        let mut decoder = ZstdDecoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
        Ok(Self { name: "zstd", state: State::Zstd { decoder: Box::new(decoder), between_frames: false } })
    }

    /// As in `Content-Encoding`.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Takes the next piece. An error of kind `UnexpectedEof` means that the data was damaged on the way.
    pub(super) fn push(&mut self, mut piece: &[u8], to: &mut impl Write) -> io::Result<()> {
        // A loop, as gzip data may hold any number of members: a call for each would let a stranger choose how deep.
        loop {
            let rest = self.push_member(piece, to)?;
            if rest.is_empty() {
                return Ok(());
            }
            piece = rest;
        }
    }

    /// Takes a piece up to the end of a gzip member, and gives what is left of it.
    fn push_member<'p>(&mut self, mut piece: &'p [u8], to: &mut impl Write) -> io::Result<&'p [u8]> {
        if let State::Sniff(head) = &mut self.state {
            while head.len() < 2
                && let Some((first, rest)) = piece.split_first()
            {
                head.push(*first);
                piece = rest;
            }
            if head.len() < 2 {
                return Ok(&[]);
            }
            let head = std::mem::take(head);
            self.state = self.recognize(&head);
            // Two bytes are no whole member of anything: nothing is left of them.
            self.feed(&head, to)?;
        }
        self.feed(piece, to)
    }

    /// Gives a piece to the decoder that was recognized.
    fn feed<'p>(&mut self, piece: &'p [u8], to: &mut impl Write) -> io::Result<&'p [u8]> {
        let ended = match &mut self.state {
            State::Plain => {
                to.write_all(piece)?;
                false
            }
            State::Ended | State::Sniff(_) => false,
            State::Gzip(_) => return self.gunzip(piece, to),
            State::Inflate(decoder) => inflate(decoder, piece, to)?,
            State::Brotli(state) => unbrotli(state, piece, to)?,
            State::Zstd { decoder, between_frames } => unzstd(decoder, between_frames, piece, to)?,
        };
        if ended {
            self.state = State::Ended;
        }
        Ok(&[])
    }

    /// Ends the data.
    pub(super) fn finish(&mut self, to: &mut impl Write) -> io::Result<()> {
        let cut = Err(io::ErrorKind::UnexpectedEof.into());
        match &mut self.state {
            State::Plain | State::Ended | State::Zstd { between_frames: true, .. } => Ok(()),
            // Shorter than any compressed form: taken as it stands.
            State::Sniff(head) => to.write_all(head),
            State::Inflate(_) | State::Brotli(_) | State::Zstd { .. } => cut,
            State::Gzip(decoder) => {
                let ended = decoder.try_finish();
                to.write_all(&std::mem::take(decoder.get_mut()))?;
                // Missing or wrong length and checksum: either way these are not the bytes that were sent.
                ended.or(cut)
            }
        }
    }

    /// What the first two bytes say. "deflate" is zlib by RFC 9110 and raw deflate by the habit of some servers.
    fn recognize(&self, head: &[u8]) -> State {
        let zlib = head[0] & 0x0F == 8 && u16::from_be_bytes([head[0], head[1]]).is_multiple_of(31);
        match self.name {
            "gzip" if head == [0x1F, 0x8B] => State::Gzip(Box::new(GzDecoder::new(Vec::new()))),
            "gzip" => State::Plain,
            _ => State::Inflate(Box::new(Decompress::new(zlib))),
        }
    }

    /// Decodes to the end of the piece or of the member; gives what follows the member.
    fn gunzip<'p>(&mut self, mut piece: &'p [u8], to: &mut impl Write) -> io::Result<&'p [u8]> {
        while let State::Gzip(decoder) = &mut self.state {
            if piece.is_empty() {
                return Ok(piece);
            }
            let taken = decoder.write(piece)?;
            let made = decoder.get_mut();
            to.write_all(made)?;
            made.clear();
            piece = &piece[taken..];
            if taken == 0 {
                // The member has ended and more follows: another member, or something that is none.
                self.finish(to)?;
                self.state = if piece[0] == 0x1F { State::Sniff(Vec::new()) } else { State::Ended };
                return Ok(piece);
            }
        }
        Ok(&[])
    }
}

/// Whether the end has come.
fn inflate(decoder: &mut Decompress, mut piece: &[u8], to: &mut impl Write) -> io::Result<bool> {
    let mut made = [0; PIECE];
    loop {
        let (before_in, before_out) = (decoder.total_in(), decoder.total_out());
        let status = decoder.decompress(piece, &mut made, FlushDecompress::None).map_err(io::Error::other)?;
        let taken = within(decoder.total_in() - before_in, piece.len());
        let count = within(decoder.total_out() - before_out, made.len());
        to.write_all(&made[..count])?;
        piece = &piece[taken..];
        match status {
            Status::StreamEnd => return Ok(true),
            _ if count == made.len() => {}
            _ if piece.is_empty() || (taken == 0 && count == 0) => return Ok(false),
            _ => {}
        }
    }
}

/// A difference of two counters as the length it is.
fn within(difference: u64, most: usize) -> usize {
    usize::try_from(difference).map_or(most, |length| length.min(most))
}

/// Whether the end has come.
fn unbrotli(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    piece: &[u8],
    to: &mut impl Write,
) -> io::Result<bool> {
    let mut made = [0; PIECE];
    let (mut left, mut taken, mut total) = (piece.len(), 0, 0);
    loop {
        let (mut room, mut count) = (made.len(), 0);
        let result =
            BrotliDecompressStream(&mut left, &mut taken, piece, &mut room, &mut count, &mut made, &mut total, state);
        to.write_all(&made[..count])?;
        match result {
            BrotliResult::ResultSuccess => return Ok(true),
            BrotliResult::NeedsMoreInput => return Ok(false),
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(io::Error::other("it is not brotli data")),
        }
    }
}

/// Whether something that is no frame follows the last one.
fn unzstd(
    decoder: &mut ZstdDecoder<'static>,
    between_frames: &mut bool,
    piece: &[u8],
    to: &mut impl Write,
) -> io::Result<bool> {
    let mut made = [0; PIECE];
    let mut from = InBuffer::around(piece);
    let mut full = false;
    while from.pos < piece.len() || full {
        if *between_frames {
            // The magic numbers of frames begin with 0x28, those of skippable frames with 0x50 to 0x5F.
            if !matches!(piece[from.pos], 0x28 | 0x50..=0x5F) {
                return Ok(true);
            }
            decoder.reinit()?;
            *between_frames = false;
        }
        let mut into = OutBuffer::around(&mut made[..]);
        let hint = decoder.run(&mut from, &mut into)?;
        to.write_all(into.as_slice())?;
        full = into.pos() == PIECE;
        if hint == 0 {
            *between_frames = true;
            full = false;
        }
    }
    Ok(false)
}

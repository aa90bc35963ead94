//! The large faults: a body without end, a gigabyte, a gzip bomb. None is ever in memory as a whole.
//!
//! Owns: their bytes. Called by `faults`.

use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::wire::Wire;

/// What a write takes at a time.
const PIECE: usize = 64 << 10;
static SPACES: [u8; PIECE] = [b' '; PIECE];
/// What a block of the bomb becomes.
const BLOCK: usize = 1 << 20;

const BEGIN: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>A feed that is too much</title>",
    "<link>https://coast.example/</link><description>Too much of everything.</description>",
    "<item><title>Only</title><link>https://coast.example/1</link><guid>https://coast.example/1</guid></item>",
);
const END: &str = "</channel></rss>\n";

const RSS: (&str, &str) = ("Content-Type", "application/rss+xml");

/// Items for ever, as fast as they are read.
pub(super) async fn endless(wire: &mut Wire<'_>, chunked: bool) -> io::Result<()> {
    let fields: &[(&str, &str)] = if chunked { &[RSS, ("Transfer-Encoding", "chunked")] } else { &[RSS] };
    wire.head(200, fields).await?;
    wire.body(framed(BEGIN, chunked).as_bytes()).await?;
    for number in 2_u64.. {
        let items: String = (0..256).map(|part| item(number, part)).collect();
        wire.body(framed(&items, chunked).as_bytes()).await?;
    }
    Ok(())
}

fn item(number: u64, part: u64) -> String {
    format!(
        "<item><title>And one more</title><link>https://coast.example/{number}/{part}</link>\
         <guid>https://coast.example/{number}/{part}</guid></item>\n"
    )
}

fn framed(text: &str, chunked: bool) -> String {
    if chunked { format!("{:x}\r\n{text}\r\n", text.len()) } else { text.to_owned() }
}

/// A feed of exactly `bytes` bytes (at least its begin and end), spaces in between.
pub(super) async fn huge(wire: &mut Wire<'_>, bytes: u64) -> io::Result<()> {
    let mut filler = bytes.saturating_sub((BEGIN.len() + END.len()) as u64);
    let length = filler + (BEGIN.len() + END.len()) as u64;
    wire.head(200, &[RSS, ("Content-Length", &length.to_string())]).await?;
    wire.body(BEGIN.as_bytes()).await?;
    while filler > 0 {
        let piece = usize::try_from(filler).unwrap_or(PIECE).min(PIECE);
        wire.body(SPACES.get(..piece).unwrap_or(&SPACES)).await?;
        filler -= piece as u64;
    }
    wire.body(END.as_bytes()).await
}

/// A gzipped feed that becomes about `bytes` bytes, in whole blocks of 1 MiB.
pub(super) async fn gzip_bomb(wire: &mut Wire<'_>, bytes: u64) -> io::Result<()> {
    let bomb = Bomb::new(bytes >> 20)?;
    let length = bomb.length().to_string();
    wire.head(200, &[RSS, ("Content-Encoding", "gzip"), ("Content-Length", &length)]).await?;
    wire.body(&bomb.begin).await?;
    for _ in 0..bomb.blocks {
        wire.body(&bomb.block).await?;
    }
    wire.body(&bomb.end).await
}

/// One gzip member (RFC 1952). A full flush forgets what came before and ends on a whole byte, so the compressed block may
/// be repeated at will; readers that stop at a member's end meet all of it.
struct Bomb {
    begin: Vec<u8>,
    block: Vec<u8>,
    blocks: u64,
    end: Vec<u8>,
}

impl Bomb {
    fn new(blocks: u64) -> io::Result<Self> {
        let mut deflate = Compress::new(Compression::best(), false);
        let mut begin = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
        begin.extend(deflated(&mut deflate, BEGIN.as_bytes(), FlushCompress::Full)?);
        let spaces = vec![b' '; BLOCK];
        let block = deflated(&mut deflate, &spaces, FlushCompress::Full)?;
        let mut end = deflated(&mut deflate, END.as_bytes(), FlushCompress::Finish)?;

        let (mut sum, block_sum) = (crc(BEGIN.as_bytes()), crc(&spaces));
        for _ in 0..blocks {
            sum.combine(&block_sum);
        }
        sum.combine(&crc(END.as_bytes()));
        end.extend(sum.sum().to_le_bytes());
        end.extend(sum.amount().to_le_bytes());
        Ok(Self { begin, block, blocks, end })
    }

    fn length(&self) -> u64 {
        self.begin.len() as u64 + self.block.len() as u64 * self.blocks + self.end.len() as u64
    }
}

fn crc(bytes: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc
}

/// All of `input`, and what the flush adds.
fn deflated(deflate: &mut Compress, input: &[u8], flush: FlushCompress) -> io::Result<Vec<u8>> {
    // Room for the worst case, so that one call takes all: deflate grows by 5 bytes in 16 KiB at most, a flush by a few.
    let mut out = Vec::with_capacity(input.len() + input.len() / 1024 + 256);
    let before = deflate.total_in();
    deflate.compress_vec(input, &mut out, flush).map_err(io::Error::other)?;
    if deflate.total_in() - before != input.len() as u64 {
        return Err(io::Error::other("deflate left input over"));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{BEGIN, BLOCK, Bomb, END};
    use std::io::Read;

    #[test]
    fn the_bomb_is_one_valid_gzip_member() {
        let bomb = Bomb::new(3).unwrap();
        let mut bytes = bomb.begin.clone();
        for _ in 0..bomb.blocks {
            bytes.extend(&bomb.block);
        }
        bytes.extend(&bomb.end);
        assert_eq!(bytes.len() as u64, bomb.length());
        let mut text = String::new();
        // Checks the sum and the length of RFC 1952, too.
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text.len(), BEGIN.len() + 3 * BLOCK + END.len());
        assert!(text.starts_with(BEGIN) && text.ends_with(END));
        assert!(bomb.block.len() < BLOCK / 500, "{} bytes for a MiB", bomb.block.len());
    }
}

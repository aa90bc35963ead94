//! A dataset split into its elements while it arrives.
//!
//! Owns: finding where each element of a JSON array (or of JSON lines) begins and ends, and how many make one page. Must
//! not know: what an element says, or where the bytes are from. Called by `read` with each piece of a body.
//!
//! Nothing is parsed: strings, escapes and depth are counted, byte by byte and without recursion. So an element that is
//! no JSON inside its brackets is passed on as it stands, and only what makes the borders unclear is an error. Elements
//! that are too large are counted, never kept.

use tidegate_core::actor::Element;
use tidegate_core::limits;

/// How much one page may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLimits {
    /// Elements.
    pub(super) elements: usize,
    /// Bytes of all elements, unless the first alone is larger.
    pub(super) bytes: usize,
    /// Bytes of one element.
    pub(super) element: usize,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self { elements: limits::PAGE_ELEMENTS, bytes: limits::PAGE_ELEMENT_BYTES, element: limits::ELEMENT_BYTES }
    }
}

/// Why a body is no dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotElements {
    /// It begins with something else.
    #[error("it is no JSON array")]
    NotAnArray,
    /// Between two elements stands something that belongs to neither.
    #[error("it is no JSON array: after element {0} stands neither \",\" nor \"]\"")]
    Border(usize),
    /// It ends before its end.
    #[error("it was cut off after {0} whole elements")]
    Cut(usize),
}

/// Where in the text the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the array; so many bytes of the byte order mark have been seen.
    Start(usize),
    /// Right behind the array's bracket.
    First,
    /// Before an element.
    Element,
    /// In an element.
    Inside(Inside),
    /// Behind an element.
    Behind,
    /// Behind the array's end.
    End,
}

/// What kind of element it is, as far as its end depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// A number or word: ends before the first byte that cannot belong to it.
    Word,
    /// A text on its own.
    Text { escaped: bool },
    /// An object or array.
    Nested { depth: u64, text: bool, escaped: bool },
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Splits one body.
#[derive(Debug)]
pub(super) struct Splitter {
    limits: PageLimits,
    at: At,
    /// Whether elements stand one behind the other, without an array around them.
    lines: bool,
    lines_allowed: bool,
    elements: Vec<Element>,
    /// Bytes of the texts in `elements`.
    kept: usize,
    /// The element that is being read, as long as it is not too large.
    current: Vec<u8>,
    /// Its bytes so far.
    size: u64,
    full: bool,
}

impl Splitter {
    /// `lines_allowed`: elements may also stand one behind the other, without an array around them.
    pub(super) fn new(limits: PageLimits, lines_allowed: bool) -> Self {
        Self {
            limits,
            at: At::Start(0),
            lines: false,
            lines_allowed,
            elements: Vec::new(),
            kept: 0,
            current: Vec::new(),
            size: 0,
            full: false,
        }
    }

    /// Takes the next piece. `true`: the page is complete, what follows does not matter.
    ///
    /// # Errors
    /// [`NotElements`], once it is clear that this is no dataset.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<bool, NotElements> {
        let mut rest = piece;
        while !self.is_complete() && !rest.is_empty() {
            rest = if let At::Inside(inside) = self.at { self.inside(inside, rest) } else { self.between(rest)? };
        }
        Ok(self.is_complete())
    }

    /// Ends the body, which is all there is, and gives the page.
    ///
    /// # Errors
    /// [`NotElements::Cut`] if it ends in the middle.
    pub(super) fn finish(mut self) -> Result<Vec<Element>, NotElements> {
        if self.at == At::Inside(Inside::Word) && self.lines {
            self.close();
        }
        let ended = self.is_complete() || (self.lines && matches!(self.at, At::Element));
        if ended { Ok(self.elements) } else { Err(NotElements::Cut(self.elements.len())) }
    }

    /// Ends the page here, although more of the body would follow: as much has been read as is read for one page. An
    /// element that has not ended by now is too large if it is the page's first, and left to the next page if not.
    pub(super) fn stop(mut self) -> Vec<Element> {
        if self.elements.is_empty() && matches!(self.at, At::Inside(_)) {
            self.elements.push(Element::TooLarge { bytes: self.size });
        }
        self.elements
    }

    const fn is_complete(&self) -> bool {
        self.full || matches!(self.at, At::End)
    }

    /// Outside of elements: takes one byte, or none if an element begins with it.
    fn between<'p>(&mut self, rest: &'p [u8]) -> Result<&'p [u8], NotElements> {
        let Some((&byte, behind)) = rest.split_first() else { return Ok(rest) };
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            return Ok(behind);
        }
        self.at = match (self.at, byte) {
            (At::Start(seen), _) if BOM.get(seen) == Some(&byte) => At::Start(seen + 1),
            (At::Start(0 | 3), b'[') => At::First,
            (At::Start(0 | 3), b'{') if self.lines_allowed => {
                self.lines = true;
                return Ok(self.open(rest));
            }
            (At::Start(_), _) => return Err(NotElements::NotAnArray),
            (At::First | At::Behind, b']') => At::End,
            (At::Behind, b',') => At::Element,
            (At::Behind, _) => return Err(NotElements::Border(self.elements.len())),
            (At::First | At::Element, b',' | b']' | b'}' | b':') => {
                return Err(NotElements::Border(self.elements.len()));
            }
            (At::First | At::Element, _) => return Ok(self.open(rest)),
            (at @ (At::Inside(_) | At::End), _) => at,
        };
        Ok(behind)
    }

    /// Begins an element with the first byte of `rest`.
    fn open<'p>(&mut self, rest: &'p [u8]) -> &'p [u8] {
        let inside = match rest.first() {
            Some(b'"') => Inside::Text { escaped: false },
            Some(b'{' | b'[') => Inside::Nested { depth: 1, text: false, escaped: false },
            _ => Inside::Word,
        };
        self.at = At::Inside(inside);
        let (first, behind) = rest.split_at(rest.len().min(1));
        self.keep(first);
        behind
    }

    /// Goes to the end of the element or of the piece.
    fn inside<'p>(&mut self, inside: Inside, rest: &'p [u8]) -> &'p [u8] {
        let (length, state) = match inside {
            Inside::Word => word(rest),
            Inside::Text { escaped } => text(escaped, rest),
            Inside::Nested { depth, text, escaped } => nested(depth, text, escaped, rest),
        };
        let (part, behind) = rest.split_at(length);
        self.keep(part);
        match state {
            Some(inside) => self.at = At::Inside(inside),
            None => self.close(),
        }
        // What does not fit beside the page's other elements is the first of the next page: no need to read its end.
        let open = if matches!(self.at, At::Inside(_)) { self.size } else { 0 };
        self.full |= !self.elements.is_empty() && fits(open, self.limits.bytes.saturating_sub(self.kept)).is_none();
        behind
    }

    fn keep(&mut self, part: &[u8]) {
        self.size = self.size.saturating_add(part.len() as u64);
        match fits(self.size, self.limits.element) {
            Some(_) => self.current.extend_from_slice(part),
            None => self.current = Vec::new(),
        }
    }

    /// Ends an element.
    fn close(&mut self) {
        self.at = if self.lines { At::Element } else { At::Behind };
        let bytes = std::mem::take(&mut self.size);
        let read = std::mem::take(&mut self.current);
        let element = match fits(bytes, self.limits.element) {
            None => Element::TooLarge { bytes },
            Some(_) => Element::Text(
                // What is not UTF-8 becomes U+FFFD, three bytes for each.
                String::from_utf8(read).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()),
            ),
        };
        let element = match element {
            Element::Text(text) if text.len() > self.limits.element => Element::TooLarge { bytes },
            element => element,
        };
        let weight = if let Element::Text(text) = &element { text.len() } else { 0 };
        let room = self.limits.bytes.saturating_sub(self.kept);
        if !self.elements.is_empty() && (weight > room || fits(bytes, room).is_none()) {
            self.full = true;
            return;
        }
        self.kept = self.kept.saturating_add(weight);
        self.elements.push(element);
        self.full = self.elements.len() >= self.limits.elements;
    }
}

/// The size, if it is within the limit.
fn fits(size: u64, limit: usize) -> Option<usize> {
    usize::try_from(size).ok().filter(|size| *size <= limit)
}

/// Bytes up to the end of a number or word, and the state behind them; none behind its end.
fn word(rest: &[u8]) -> (usize, Option<Inside>) {
    let end = rest.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n'));
    end.map_or((rest.len(), Some(Inside::Word)), |end| (end, None))
}

fn text(mut escaped: bool, rest: &[u8]) -> (usize, Option<Inside>) {
    for (index, byte) in rest.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (index + 1, None),
            _ => {}
        }
    }
    (rest.len(), Some(Inside::Text { escaped }))
}

fn nested(mut depth: u64, mut text: bool, mut escaped: bool, rest: &[u8]) -> (usize, Option<Inside>) {
    for (index, byte) in rest.iter().enumerate() {
        if text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => text = true,
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return (index + 1, None);
                }
            }
            _ => {}
        }
    }
    (rest.len(), Some(Inside::Nested { depth, text, escaped }))
}

#[cfg(test)]
#[path = "elements_tests.rs"]
mod tests;

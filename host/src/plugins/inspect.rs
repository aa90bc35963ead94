//! A component's bytes, before anything is compiled.
//!
//! Owns: telling a component from what else people put into the directory, the full parse with caps on counts (compile
//! bombs are outside wasmtime's security policy: 540 KB of tiny functions took 10 s and 359 MB), and the names of imports
//! and exports. Must not know: what the names mean. Called by `compile`.

use tidegate_core::limits;
use wasmparser::{BinaryReaderError, Encoding, FunctionBody, Operator, Parser, Payload};

use super::refusal::RefusalKind;

/// What the outermost component imports and exports, in its order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

/// Reads a component from its first byte to its last.
pub(super) fn inspect(bytes: &[u8]) -> Result<Names, RefusalKind> {
    if bytes.len() > limits::COMPONENT_BYTES {
        return Err(RefusalKind::TooLarge { bytes: bytes.len() as u64 });
    }
    header(bytes)?;
    let mut counts = Counts::default();
    for payload in Parser::new(0).parse_all(bytes) {
        counts.take(payload.map_err(|error| damaged(bytes, &error))?).map_err(|stop| match stop {
            Stop::Damaged(error) => damaged(bytes, &error),
            Stop::Refused(kind) => kind,
        })?;
    }
    Ok(counts.names)
}

/// The first eight bytes: magic, version, layer.
fn header(bytes: &[u8]) -> Result<(), RefusalKind> {
    const MAGIC: &[u8] = b"\0asm";
    match bytes {
        [] => Err(RefusalKind::NotWasm { looks: "empty" }),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(RefusalKind::CoreModule),
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', _, _, _, _, ..] => {
            Err(RefusalKind::NotWasm { looks: "an unknown version of WebAssembly" })
        }
        _ if bytes.len() < 8 && (MAGIC.starts_with(bytes) || bytes.starts_with(MAGIC)) => {
            Err(RefusalKind::Truncated { bytes: bytes.len() })
        }
        [0x7f, b'E', b'L', b'F', ..] => Err(RefusalKind::NotWasm {
            looks: "native code, such as a precompiled .cwasm, which is never taken from outside",
        }),
        _ if std::str::from_utf8(bytes.get(..bytes.len().min(256)).unwrap_or(bytes)).is_ok() => {
            Err(RefusalKind::NotWasm { looks: "text" })
        }
        _ => Err(RefusalKind::NotWasm { looks: "an unknown format" }),
    }
}

fn damaged(bytes: &[u8], error: &BinaryReaderError) -> RefusalKind {
    // The parser has no kind for it, only words; a section that wants more bytes than there are says it likewise.
    if error.message().starts_with("unexpected end") {
        return RefusalKind::Truncated { bytes: bytes.len() };
    }
    RefusalKind::Malformed { why: error.message().to_owned(), at: error.offset() as u64 }
}

enum Stop {
    Damaged(BinaryReaderError),
    Refused(RefusalKind),
}

impl From<BinaryReaderError> for Stop {
    fn from(error: BinaryReaderError) -> Self {
        Self::Damaged(error)
    }
}

#[derive(Default)]
struct Counts {
    names: Names,
    /// Modules and components that have begun and not ended.
    depth: usize,
    modules: usize,
    functions: usize,
    entries: usize,
}

impl Counts {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), Stop> {
        match payload {
            Payload::Version { encoding, .. } => {
                self.depth += 1;
                cap("levels of nesting", self.depth, limits::COMPONENT_NESTING)?;
                if encoding == Encoding::Module {
                    self.modules += 1;
                    cap("core modules", self.modules, limits::COMPONENT_MODULES)?;
                }
            }
            Payload::End(_) => self.depth = self.depth.saturating_sub(1),
            Payload::CodeSectionStart { count, .. } => {
                self.functions = self.functions.saturating_add(number(count));
                cap("functions", self.functions, limits::COMPONENT_FUNCTIONS)?;
            }
            Payload::CodeSectionEntry(body) => {
                cap("bytes in one function", body.range().len(), limits::FUNCTION_BYTES)?;
                blocks(&body)?;
            }
            Payload::ComponentImportSection(section) => {
                self.entries(section.count())?;
                if self.depth == 1 {
                    for import in section {
                        self.names.imports.push(import?.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                self.entries(section.count())?;
                if self.depth == 1 {
                    for export in section {
                        self.names.exports.push(export?.name.name.to_owned());
                    }
                }
            }
            Payload::TypeSection(section) => self.entries(section.count())?,
            Payload::ImportSection(section) => self.entries(section.count())?,
            Payload::TableSection(section) => self.entries(section.count())?,
            Payload::MemorySection(section) => self.entries(section.count())?,
            Payload::GlobalSection(section) => self.entries(section.count())?,
            Payload::ExportSection(section) => self.entries(section.count())?,
            Payload::ElementSection(section) => self.entries(section.count())?,
            Payload::DataSection(section) => self.entries(section.count())?,
            Payload::InstanceSection(section) => self.entries(section.count())?,
            Payload::CoreTypeSection(section) => self.entries(section.count())?,
            Payload::ComponentInstanceSection(section) => self.entries(section.count())?,
            Payload::ComponentAliasSection(section) => self.entries(section.count())?,
            Payload::ComponentTypeSection(section) => self.entries(section.count())?,
            Payload::ComponentCanonicalSection(section) => self.entries(section.count())?,
            // The rest are custom sections, and sections whose content comes in payloads of its own.
            _ => {}
        }
        Ok(())
    }

    fn entries(&mut self, count: u32) -> Result<(), Stop> {
        self.entries = self.entries.saturating_add(number(count));
        cap("types, imports, exports and other entries", self.entries, limits::COMPONENT_ENTRIES)
    }
}

/// Counts how deep the blocks of a function nest: the compiler is quadratic in it, and took 40 s for 100,000.
fn blocks(body: &FunctionBody<'_>) -> Result<(), Stop> {
    let mut depth = 0_usize;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        match operators.read()? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                depth += 1;
                cap("levels of blocks in one function", depth, limits::FUNCTION_BLOCKS)?;
            }
            Operator::End => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn number(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn cap(what: &'static str, count: usize, most: usize) -> Result<(), Stop> {
    if count > most { Err(Stop::Refused(RefusalKind::OverCap { what, count, most })) } else { Ok(()) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn text(wat: &str) -> Vec<u8> {
        wat::parse_str(wat).unwrap()
    }

    #[test]
    fn what_is_not_a_component() {
        let table: [(&[u8], RefusalKind); 8] = [
            (b"", RefusalKind::NotWasm { looks: "empty" }),
            (b"(component)", RefusalKind::NotWasm { looks: "text" }),
            (b"\xff\xfe\xfd\xfc\0\0\0\0", RefusalKind::NotWasm { looks: "an unknown format" }),
            (b"\0as", RefusalKind::Truncated { bytes: 3 }),
            (b"\0asm\x0d\0", RefusalKind::Truncated { bytes: 6 }),
            (b"\0asm\x01\0\0\0", RefusalKind::CoreModule),
            (b"\0asm\x02\0\0\0", RefusalKind::NotWasm { looks: "an unknown version of WebAssembly" }),
            (b"\0asm\x0d\0\x01\0\xee\x01\0", RefusalKind::Malformed { why: String::new(), at: 8 }),
        ];
        for (bytes, expected) in table {
            let found = inspect(bytes).unwrap_err();
            match (&found, &expected) {
                (RefusalKind::Malformed { at: a, .. }, RefusalKind::Malformed { at: b, .. }) => assert_eq!(a, b),
                _ => assert_eq!(found, expected),
            }
        }
        assert!(matches!(inspect(&vec![0; limits::COMPONENT_BYTES + 1]), Err(RefusalKind::TooLarge { .. })));
    }

    #[test]
    fn every_cut_of_a_component_is_told_from_a_whole_one() {
        let whole = text(r#"(component (core module (func (export "f"))) (import "a:b/c@1.0.0" (instance)))"#);
        assert_eq!(inspect(&whole).unwrap().imports, ["a:b/c@1.0.0"]);
        for end in 1..whole.len() {
            // A cut between two sections leaves a shorter component, which then lacks the contract.
            match inspect(whole.get(..end).unwrap()) {
                Err(RefusalKind::Truncated { bytes }) => assert_eq!(bytes, end),
                Ok(names) => assert!(names.imports.is_empty(), "cut at {end}"),
                Err(other) => assert!(matches!(other, RefusalKind::Malformed { .. }), "cut at {end}: {other}"),
            }
        }
    }

    #[test]
    fn counts_are_capped() {
        let functions = format!("(component (core module {}))", "(func)".repeat(limits::COMPONENT_FUNCTIONS + 1));
        let modules = format!("(component {})", "(core module)".repeat(limits::COMPONENT_MODULES + 1));
        let depth = limits::COMPONENT_NESTING + 1;
        let nesting = format!("{}{}", "(component ".repeat(depth), ")".repeat(depth));
        let huge = format!("(component (core module (func {})))", "nop ".repeat(limits::FUNCTION_BYTES + 1));
        let deep = limits::FUNCTION_BLOCKS + 1;
        let blocks = format!("(component (core module (func {} {})))", "block ".repeat(deep), "end ".repeat(deep));
        for (wat, what) in [
            (functions, "functions"),
            (modules, "core modules"),
            (nesting, "levels of nesting"),
            (huge, "bytes in one function"),
            (blocks, "levels of blocks in one function"),
        ] {
            let found = inspect(&text(&wat)).unwrap_err();
            assert!(matches!(&found, RefusalKind::OverCap { what: of, .. } if *of == what), "{found}");
        }
    }
}

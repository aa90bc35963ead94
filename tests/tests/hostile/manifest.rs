//! A manifest laid out in memory as the canonical ABI wants it, so that a component of a few lines can describe itself.
//!
//! Owns: the layout of `manifest`, `kind` and `example` of `wit/v0.1`. Must not know: what is wrong with the manifest.
//! Called by `make`.

use crate::case::{ManifestOf, grown};

/// Where it begins in the component's memory.
pub(crate) const AT: usize = 65_536;

/// Bytes from [`AT`] on; the record itself comes first.
pub(crate) fn laid_out(of: &ManifestOf) -> Vec<u8> {
    let mut heap = Heap(vec![0; 44]);
    let own = |text: &Option<String>, default: &str| text.as_deref().map_or_else(|| default.to_owned(), grown);
    let name = heap.text(&own(&of.name, "wat-plugin"));
    let version = heap.text(&own(&of.version, "1.0.0"));
    let description = heap.text(&own(&of.description, ""));
    let kinds: Vec<Vec<u8>> = (0..of.kinds.unwrap_or(1)).map(|number| kind(&mut heap, of, number)).collect();
    let kinds = heap.list(&kinds);
    let extra = heap.maybe(of.extra.as_deref());
    let record = [name, version, description, kinds].concat().into_iter().chain(extra);
    heap.0.splice(0..44, record);
    heap.0
}

fn kind(heap: &mut Heap, of: &ManifestOf, number: usize) -> Vec<u8> {
    let base = of.kind.as_deref().map_or_else(|| "trick".to_owned(), grown);
    let name = if number == 0 { base } else { format!("{base}-{number}") };
    let name = heap.text(&name);
    let description = heap.text("");
    let schema = heap.text(&of.schema.as_deref().map(grown).unwrap_or_default());
    let mut examples = Vec::new();
    for (identifier, overrides) in
        of.examples.iter().cycle().take(of.examples.len() * of.examples_repeated.unwrap_or(1))
    {
        let parts = [heap.text(&grown(identifier)), heap.text(&grown(overrides)), heap.text("")];
        examples.push(parts.concat());
    }
    let examples = heap.list(&examples);
    let mut texts = |given: &Option<Vec<String>>, default: &[&str]| {
        let texts = given.clone().unwrap_or_else(|| default.iter().map(|text| (*text).to_owned()).collect());
        let places: Vec<Vec<u8>> = texts.iter().map(|text| heap.text(&grown(text))).collect();
        heap.list(&places)
    };
    let (hosts, methods) = (texts(&of.hosts, &["*"]), texts(&of.methods, &["GET"]));
    let (actors, deltas) = (texts(&of.actors, &[]), texts(&of.deltas, &[]));
    let deliveries = vec![0; 4];
    [name, description, schema, examples, hosts, methods, actors, deltas, deliveries, heap.maybe(None)].concat()
}

struct Heap(Vec<u8>);

impl Heap {
    fn put(&mut self, bytes: &[u8]) -> u32 {
        while !self.0.len().is_multiple_of(4) {
            self.0.push(0);
        }
        let at = AT + self.0.len();
        self.0.extend_from_slice(bytes);
        u32::try_from(at).unwrap()
    }

    /// Pointer and length of a text.
    fn text(&mut self, text: &str) -> Vec<u8> {
        pair(self.put(text.as_bytes()), text.len())
    }

    /// Pointer and length of a list of records.
    fn list(&mut self, records: &[Vec<u8>]) -> Vec<u8> {
        pair(self.put(&records.concat()), records.len())
    }

    fn maybe(&mut self, text: Option<&str>) -> Vec<u8> {
        match text {
            None => vec![0; 12],
            Some(text) => [1_u32.to_le_bytes().to_vec(), self.text(&grown(text))].concat(),
        }
    }
}

fn pair(at: u32, count: usize) -> Vec<u8> {
    [at.to_le_bytes(), u32::try_from(count).unwrap().to_le_bytes()].concat()
}

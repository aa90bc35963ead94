//! The components of the cases.
//!
//! Owns: making bytes of what a case says. Must not know: what has to come of them.

use std::sync::LazyLock;

use tidegate_tests::guests;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::case::{Component, Core, ManifestOf, grown};
use crate::manifest::{AT, laid_out};

/// The guest of `tests/guests/hostile`.
pub(crate) static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| guests::build("tidegate-guest-hostile", &[]).unwrap());
static WASI_GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| guests::build("tidegate-guest-hostile", &["wasi"]).unwrap());

/// The bytes a case loads.
pub(crate) fn component(of: &Component) -> Vec<u8> {
    if let Some(text) = &of.text {
        return grown(text).into_bytes();
    }
    if let Some(wat) = &of.wat {
        return wat::parse_str(grown(wat)).unwrap_or_else(|error| panic!("{error}"));
    }
    if of.core.is_some() || of.manifest.is_some() {
        return contract(
            of.core.as_ref().unwrap_or(&Core::default()),
            of.manifest.as_ref().unwrap_or(&ManifestOf::default()),
        );
    }
    let guest: &Vec<u8> = if of.wasi { &WASI_GUEST } else { &GUEST };
    let mut bytes = of.mode.as_deref().map_or_else(|| guest.clone(), |mode| in_mode(guest, mode));
    bytes.truncate(bytes.len() - of.cut.unwrap_or(0));
    bytes
}

/// A guest with another word in its marker.
pub(crate) fn in_mode(guest: &[u8], mode: &str) -> Vec<u8> {
    let marker = |word: &str| format!("MODE:{word}{}", ".".repeat(27 - word.len()));
    guests::patched(guest, &marker("calm"), &marker(mode))
}

/// The guest as another plugin. Name and version have as many letters as its own.
pub(crate) fn named(plugin: &str, version: &str) -> Vec<u8> {
    guests::patched(&guests::patched(&GUEST, "hostile-guest", plugin), "0.1.0+seal", version)
}

/// What a core module answers unless a case says otherwise: `validate` gives the identifier back, `plan` wants nothing,
/// `normalize` gives a failure of category `transient` without a message.
const BODIES: [(&str, &str, &str); 6] = [
    (
        "realloc",
        r#"(func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)"#,
        "(local $at i32)
         (local.set $at (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
         (global.set $free (i32.add (local.get $at) (local.get $size)))
         (local.get $at)",
    ),
    ("describe", r#"(func (export "tidegate:plugin/source@0.1.0#describe") (result i32)"#, "(i32.const 65536)"),
    (
        "validate",
        r#"(func (export "tidegate:plugin/source@0.1.0#validate") (param $kind i32) (param $kind_len i32) (param $id i32)
           (param $id_len i32) (param $over i32) (param $over_len i32) (result i32)"#,
        "(i32.store (i32.const 1028) (local.get $id)) (i32.store (i32.const 1032) (local.get $id_len)) (i32.const 1024)",
    ),
    (
        "plan",
        r#"(func (export "tidegate:plugin/source@0.1.0#plan") (param $job i32) (result i32)"#,
        "(i32.store8 (i32.const 2056) (i32.const 2)) (i32.const 2048)",
    ),
    (
        "normalize",
        r#"(func (export "tidegate:plugin/source@0.1.0#normalize") (param $args i32) (result i32)"#,
        "(i32.store8 (i32.const 4096) (i32.const 1)) (i32.const 4096)",
    ),
    ("post", r#"(func (export "cabi_post_tidegate:plugin/source@0.1.0#plan") (param $answer i32)"#, ""),
];

/// A component of the contract around a core module in text.
fn contract(core: &Core, manifest: &ManifestOf) -> Vec<u8> {
    let data = laid_out(manifest);
    let needed = (AT + data.len()).div_ceil(65_536) + 1;
    let pages = core.pages.unwrap_or(u32::try_from(needed).unwrap() + 16);
    let own = |name: &str| match name {
        "realloc" => core.realloc.as_deref(),
        "describe" => core.describe.as_deref(),
        "validate" => core.validate.as_deref(),
        "plan" => core.plan.as_deref(),
        "normalize" => core.normalize.as_deref(),
        _ => core.post.as_deref(),
    };
    let bodies: String = BODIES
        .iter()
        .map(|(name, head, body)| format!("{head} {})\n", own(name).map_or_else(|| (*body).to_owned(), grown)))
        .collect();
    let bytes: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let module = format!(
        r#"(module
            (import "tidegate:plugin/log@0.1.0" "line" (func $log (param i32 i32 i32)))
            (memory $memory (export "memory") {pages})
            (global $free (mut i32) (i32.const {}))
            (data (i32.const {AT}) "{bytes}")
            {} {bodies})"#,
        AT + data.len(),
        grown(&core.fields),
    );
    let mut module = wat::parse_str(&module).unwrap_or_else(|error| panic!("{error}\n{bodies}"));
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/v0.1")).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(false).encode().unwrap()
}

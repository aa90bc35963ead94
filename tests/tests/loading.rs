//! The way of a component into the plugin room: what is refused, as what, and what is kept on disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes, reason = "tests")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use tidegate::plugins::shipped::shipped;
use tidegate::plugins::{CallContext, FaultKind, Origin, PluginRoom, RefusalKind, RoomConfig};
use tidegate_core::limits;
use tidegate_core::time::UtcMillis;
use tidegate_tests::{binary, guests};

static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| guests::build("tidegate-guest-hostile", &[]).unwrap());

fn room() -> PluginRoom {
    // What never ends while it is loaded ends soon.
    PluginRoom::with_probe_cpu(RoomConfig::default(), Duration::from_millis(100)).unwrap()
}

async fn refused(room: &PluginRoom, bytes: Vec<u8>) -> RefusalKind {
    let refusal = room.load(bytes, Origin::File("it.wasm".into())).await.unwrap_err();
    let text = refusal.to_string();
    assert!(text.starts_with("plugin file it.wasm was refused: ") && !text.contains('\n'), "{text}");
    assert!(text.ends_with(&refusal.kind.remedy()), "{text}");
    refusal.kind
}

/// A component with the contract's names; its functions take and give nothing. `core` goes into its core module.
fn shell(core: &str, imports: &str, version: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(component {imports}
            (core module $m {core} (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $s (export "describe" (func $f)) (export "validate" (func $f))
                         (export "plan" (func $f)) (export "normalize" (func $f)))
            (export "tidegate:plugin/source@{version}" (instance $s)))"#
    ))
    .unwrap()
}

#[tokio::test]
async fn what_is_no_plugin_is_told_what_it_is() {
    let room = room();
    let cut = GUEST.get(..GUEST.len() - 100).unwrap().to_vec();
    assert!(matches!(refused(&room, cut).await, RefusalKind::Truncated { .. }));
    let core = wat::parse_str("(module (func))").unwrap();
    let kind = refused(&room, core).await;
    assert!(kind == RefusalKind::CoreModule && kind.remedy().contains("wasm-tools component new"), "{kind}");
    let text = refused(&room, b"hello".to_vec()).await;
    assert_eq!(text, RefusalKind::NotWasm { looks: "text" });
    let bare = refused(&room, wat::parse_str("(component)").unwrap()).await;
    assert_eq!(bare, RefusalKind::NoContract { exports: vec![] });
    let large = refused(&room, vec![0; limits::COMPONENT_BYTES + 1]).await;
    assert!(matches!(large, RefusalKind::TooLarge { .. }));
}

#[tokio::test]
async fn another_track_and_unknown_imports_are_named_with_the_remedy() {
    let room = room();
    for version in ["0.2.0", "9.9.0"] {
        let kind = refused(&room, shell("", "", version)).await;
        assert_eq!(kind, RefusalKind::Track { found: version.to_owned() });
        assert!(kind.remedy().contains("0.1.x"), "{}", kind.remedy());
    }
    let http = r#"(import "wasi:http/outgoing-handler@0.2.6" (instance))"#;
    let kind = refused(&room, shell("", http, "0.1.0")).await;
    assert!(matches!(&kind, RefusalKind::Import { name } if name == "wasi:http/outgoing-handler@0.2.6"), "{kind}");
    let kind = refused(&room, shell("", r#"(import "env" (func))"#, "0.1.0")).await;
    assert!(matches!(&kind, RefusalKind::Import { name } if name == "env"), "{kind}");
    // Of our own package, and of its log, but with a function the host does not have.
    let log = r#"(import "tidegate:plugin/log@0.1.3" (instance (export "shout" (func))))"#;
    let kind = refused(&room, shell("", log, "0.1.0")).await;
    assert!(matches!(&kind, RefusalKind::Signature { what } if what.contains("shout")), "{kind}");
}

#[tokio::test]
async fn a_wrong_signature_is_found_before_anything_serves() {
    let kind = refused(&room(), shell("", "", "0.1.0")).await;
    assert!(matches!(&kind, RefusalKind::Signature { what } if what.contains("describe")), "{kind}");
    let missing = r#"(component (instance $s) (export "tidegate:plugin/source@0.1.0" (instance $s)))"#;
    let kind = refused(&room(), wat::parse_str(missing).unwrap()).await;
    assert!(matches!(&kind, RefusalKind::Signature { what } if what == "the function describe is missing"), "{kind}");
}

#[tokio::test]
async fn what_misbehaves_in_its_start_function_is_refused() {
    let room = room();
    let spin = "(func $spin (loop (br 0))) (start $spin)";
    let kind = refused(&room, shell(spin, "", "0.1.0")).await;
    assert!(matches!(&kind, RefusalKind::Probe { fault: FaultKind::DeadlineCpu { .. }, .. }), "{kind}");
    let table = "(table 1 funcref)
        (func $grow (loop (br_if 0 (i32.ne (table.grow (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable)
        (start $grow)";
    let kind = refused(&room, shell(table, "", "0.1.0")).await;
    assert!(matches!(&kind, RefusalKind::Probe { fault: FaultKind::Table { .. }, .. }), "{kind}");
    let memory = "(memory 1)
        (func $grow (if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then unreachable))) (start $grow)";
    let kind = refused(&room, shell(memory, "", "0.1.0")).await;
    assert!(
        matches!(&kind, RefusalKind::Probe { fault: FaultKind::Memory { wanted, .. }, .. } if *wanted == 65_536 << 16),
        "{kind}"
    );
}

#[tokio::test]
async fn what_is_too_big_from_the_start_is_refused() {
    let room = room();
    for core in ["(memory 2000)", "(table 20000 funcref)"] {
        let kind = refused(&room, shell(core, "", "0.1.0")).await;
        assert!(matches!(kind, RefusalKind::Compile { .. } | RefusalKind::Probe { .. }), "{core}: {kind}");
    }
    let memories = "(memory 1)".repeat(limits::MEMORIES + 1);
    let kind = refused(&room, shell(&memories, "", "0.1.0")).await;
    assert!(matches!(kind, RefusalKind::Compile { .. } | RefusalKind::Probe { .. }), "{kind}");
    // 540 KB of tiny functions took a compiler 10 s and 359 MB; these never reach it.
    let bomb = "(func)".repeat(limits::COMPONENT_FUNCTIONS + 1);
    let kind = refused(&room, shell(&bomb, "", "0.1.0")).await;
    assert!(matches!(kind, RefusalKind::OverCap { what: "functions", .. }), "{kind}");
}

#[tokio::test]
async fn proposals_that_are_off_are_refused_by_the_compiler() {
    let room = room();
    for core in ["(memory 1 1 shared)", "(memory i64 1)", "(type (struct))"] {
        let kind = refused(&room, shell(core, "", "0.1.0")).await;
        assert!(matches!(&kind, RefusalKind::Compile { .. }), "{core}: {kind}");
    }
}

#[tokio::test]
async fn what_is_shipped_loads() {
    let room = PluginRoom::new(RoomConfig::default()).unwrap();
    assert!(!shipped().is_empty());
    for (name, bytes) in shipped() {
        let plugin = room.load(bytes.to_vec(), Origin::Shipped((*name).to_owned())).await;
        let plugin = plugin.unwrap_or_else(|refusal| panic!("{refusal}"));
        assert_eq!(plugin.name(), *name);
        // Without WASI a call costs half.
        assert!(plugin.wasi_imports().is_empty(), "{:?}", plugin.wasi_imports());
    }
}

/// The one file of a cache.
fn cached(dir: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap()
}

async fn serves(dir: &Path) {
    let room = PluginRoom::new(RoomConfig { cache_dir: Some(dir.to_owned()), ..RoomConfig::default() }).unwrap();
    let plugin = room.load(GUEST.clone(), Origin::File("it.wasm".into())).await.unwrap();
    let cx = CallContext::at(UtcMillis::from_millis(0));
    assert!(plugin.validate("trick", "Echo", "{}", &cx).await.unwrap().value.is_ok());
}

#[tokio::test]
async fn compiled_code_is_kept_used_again_and_never_when_damaged() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("cache");
    serves(&dir).await;
    let file = cached(&dir);
    assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let whole = fs::read(&file).unwrap();
    let inode = fs::metadata(&file).unwrap().ino();
    serves(&dir).await;
    assert_eq!(fs::metadata(&file).unwrap().ino(), inode, "it was compiled a second time");

    // One bit in the seal, in the code, in the last byte; cut off; empty; that of another component.
    let flip = |at: usize| {
        let mut bytes = whole.clone();
        *bytes.get_mut(at).unwrap() ^= 1;
        bytes
    };
    let half = whole.get(..whole.len() / 2).unwrap().to_vec();
    let damages = [flip(0), flip(40), flip(whole.len() / 2), flip(whole.len() - 1), half, Vec::new()];
    for damaged in damages {
        fs::write(&file, &damaged).unwrap();
        serves(&dir).await;
        let now = fs::read(cached(&dir)).unwrap();
        assert!(now != damaged && now.len() == whole.len(), "the damaged file was kept");
    }
}

#[tokio::test]
async fn code_of_one_component_is_not_taken_for_another() {
    let scratch = tempfile::tempdir().unwrap();
    let (one, two) = (scratch.path().join("one"), scratch.path().join("two"));
    serves(&one).await;
    serves(&two).await;
    let file = cached(&one);
    // The right name, a whole file, but sealed for another name.
    let name = file.file_name().unwrap().to_str().unwrap();
    let other = name.replacen(name.get(..1).unwrap(), if name.starts_with('0') { "1" } else { "0" }, 1);
    fs::rename(&file, one.join(&other)).unwrap();
    fs::copy(one.join(&other), two.join(&other)).unwrap();
    let component = guests::patched(&GUEST, "0.1.0+seal", "0.2.0+seal");
    let digest = tidegate::plugins::Digest::of(&component).to_string();
    let settings = name.split_once('-').unwrap().1;
    let stolen = two.join(format!("{digest}-{settings}"));
    fs::rename(two.join(&other), &stolen).unwrap();
    let room = PluginRoom::new(RoomConfig { cache_dir: Some(two), ..RoomConfig::default() }).unwrap();
    let plugin = room.load(component, Origin::File("it.wasm".into())).await.unwrap();
    assert_eq!(plugin.version(), "0.2.0+seal");
}

#[tokio::test]
async fn a_cache_others_may_write_to_is_not_used() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("cache");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    serves(&dir).await;
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

/// A room that compiles in a process of its own, as the daemon's does.
fn with_process(program: &Path, cache: Option<&Path>) -> PluginRoom {
    let cache_dir = cache.map(Path::to_owned);
    let config = RoomConfig { compiler: Some(program.to_owned()), cache_dir, ..RoomConfig::default() };
    PluginRoom::with_probe_cpu(config, Duration::from_millis(100)).unwrap()
}

#[tokio::test]
async fn a_process_of_its_own_compiles_what_this_one_runs() {
    let scratch = tempfile::tempdir().unwrap();
    let (own, other) = (scratch.path().join("own"), scratch.path().join("other"));
    let room = with_process(binary::tidegate().unwrap(), Some(&other));
    let plugin = room.load(GUEST.clone(), Origin::File("it.wasm".into())).await.unwrap();
    let cx = CallContext::at(UtcMillis::from_millis(0));
    assert!(plugin.validate("trick", "Echo", "{}", &cx).await.unwrap().value.is_ok());
    serves(&own).await;
    let names = [cached(&own), cached(&other)].map(|path| path.file_name().unwrap().to_owned());
    assert_eq!(names[0], names[1], "the same settings, so that one takes what the other has compiled");
    // What the compiler refuses is told as if it were done here.
    let kind = refused(&room, shell("(memory i64 1)", "", "0.1.0")).await;
    assert!(matches!(&kind, RefusalKind::Compile { why } if !why.is_empty()), "{kind}");
}

/// The system bounds what it may use, from before it reads the first byte.
#[tokio::test]
async fn the_process_that_compiles_has_limits() {
    let mut command = tokio::process::Command::new(binary::tidegate().unwrap());
    command.arg(tidegate::plugins::COMPILER).stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    let of = format!("/proc/{}/limits", child.id().unwrap());
    let (memory, cpu) = (limits::COMPILE_MEMORY_BYTES.to_string(), limits::COMPILE_CPU.as_secs().to_string());
    let has = |text: &str, name: &str, value: &str| {
        text.lines().any(|line| line.starts_with(name) && line.split_whitespace().any(|word| word == value))
    };
    let limited = async {
        loop {
            let text = fs::read_to_string(&of).unwrap();
            if has(&text, "Max address space", &memory) && has(&text, "Max cpu time", &cpu) {
                return has(&text, "Max core file size", "0");
            }
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), limited).await.unwrap());
}

#[tokio::test]
async fn a_process_that_lies_or_dies_is_told_and_one_that_cannot_be_started_is_done_without() {
    let scratch = tempfile::tempdir().unwrap();
    let program = |name: &str, does: &str| {
        let path = scratch.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    };
    type Told = fn(&RefusalKind) -> bool;
    let table: [(&str, &str, Told); 5] = [
        ("garbage", "echo this is no code", |kind| matches!(kind, RefusalKind::CompilerPanic { .. })),
        ("silent", "exit 0", |kind| matches!(kind, RefusalKind::CompilerPanic { .. })),
        (
            "dies",
            "echo 'it broke' >&2; exit 101",
            |kind| matches!(kind, RefusalKind::CompilerPanic { why } if why == "it broke"),
        ),
        ("killed", "kill -9 $$", |kind| *kind == RefusalKind::CompileMemory),
        ("floods", "head -c 10000000 /dev/zero >&2; exit 65", |kind| matches!(kind, RefusalKind::Compile { .. })),
    ];
    for (name, does, is) in table {
        let kind = refused(&with_process(&program(name, does), None), GUEST.clone()).await;
        assert!(is(&kind), "{name}: {kind}");
    }
    let nobody = with_process(&scratch.path().join("nobody"), None);
    nobody.load(GUEST.clone(), Origin::File("it.wasm".into())).await.unwrap();
}

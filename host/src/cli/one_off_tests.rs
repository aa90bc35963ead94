//! Which sources `source run` means.
#![expect(clippy::unwrap_used, reason = "tests")]

use clap::Parser;
use tidegate_core::source::PausedBy;

use super::args::{Args, Command, SourceCommand};
use super::error::Exit;
use super::one_off::by_filter;
use super::pause::matching;
use super::scripted::{PROFILE, Scene};
use crate::ports::{SourceFilter, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_that_are_all_paused_are_told_as_that() {
    let scene = Scene::new(PROFILE).await;
    let args = Args::try_parse_from(["tidegate", "source", "run", "-p", "feeds"]).unwrap();
    let args = match args.command {
        Command::Source(SourceCommand::Run(args)) => Some(args),
        _ => None,
    };
    let args = args.unwrap();
    let refused = by_filter(&*scene.store, &args).await.unwrap_err();
    assert_eq!((refused.exit, refused.message.as_str()), (Exit::NotFound, "no active source matches"));
    let one = scene.add("https://one.example/").await;
    let two = scene.add("https://two.example/").await;
    for id in [one, two] {
        scene.store.pause(id, PausedBy::Operator, "tea", scene.ports.clock.now()).await.unwrap();
    }
    let refused = by_filter(&*scene.store, &args).await.unwrap_err();
    assert_eq!((refused.exit, refused.message.as_str()), (Exit::Refused, "2 sources match and are paused"));
    assert!(refused.hint.unwrap().contains("tidegate source resume"));
    scene.store.resume(one, scene.ports.clock.now()).await.unwrap();
    assert_eq!(by_filter(&*scene.store, &args).await.unwrap().len(), 1);
    assert_eq!(matching(&*scene.store, SourceFilter::default(), "paused").await.unwrap().len(), 1);
}

#[test]
fn a_profile_or_a_source_is_paused_and_not_both() {
    for right in [&["pause", "x"][..], &["pause", "-p", "feeds", "--reason", "tea"], &["resume", "--profile", "feeds"]]
    {
        assert!(Args::try_parse_from(["tidegate", "source"].iter().chain(right)).is_ok(), "{right:?}");
    }
    for wrong in [&["pause"][..], &["resume", "x", "-p", "feeds"]] {
        assert!(Args::try_parse_from(["tidegate", "source"].iter().chain(wrong)).is_err(), "{wrong:?}");
    }
}

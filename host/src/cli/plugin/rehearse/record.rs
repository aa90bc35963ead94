//! `plugin record`: the pages of one live run as a fixture, scrubbed.
//!
//! Owns: the command, and what is written where. Must not know: what is scrubbed (`scrub` does), or how a run works.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tidegate_core::contract::{Body, HttpResponse, PageContent};
use tidegate_core::counted::counted;

use super::journal::{Given, Journal};
use super::live;
use super::run::{journal, spend};
use super::scrub::Scrub;
use super::subject::Subject;
use crate::cli::args::PluginRecord;
use crate::cli::error::{CliError, Exit};
use crate::cli::fixtures::{self, Unreadable};
use crate::cli::home::Home;
use crate::cli::output::Output;

/// Runs `plugin record`.
pub(in crate::cli::plugin) async fn record(home: &Home, args: &PluginRecord, output: Output) -> Result<Exit, CliError> {
    let folder = place(&args.out, &args.case)?;
    let mut subject = Subject::find(home, &args.source).await?;
    live::grant(&mut subject, spend(args.source.spend.as_deref())?)?;
    let journal = journal(home, &subject, output);
    let done = live::run(home, &subject, &journal).await.map_err(|error| journal.error(error))?;
    let given = journal.given();
    if given.is_empty() {
        let why = done.run.failure.map_or_else(|| "the plugin asked for none".to_owned(), |(_, message)| message);
        let error = CliError::failed(format!("no page came, so there is nothing to record: {why}"));
        return Err(journal.error(error));
    }
    let mut scrub = Scrub::new(&journal);
    let pages = given.len();
    let refuse = |error: Unreadable| CliError::failed(error.to_string());
    let temporary = tempfile::Builder::new().prefix(".recording-").tempdir_in(&args.out);
    let temporary =
        temporary.map_err(|error| CliError::failed(format!("{} cannot be written: {error}", args.out.display())))?;
    write(temporary.path(), given, &mut scrub).map_err(refuse)?;
    let case = fixtures::one(temporary.path()).map_err(refuse)?;
    let came = fixtures::run(&subject.plugin, &case).await;
    let came = came.map_err(|fault| CliError::failed(format!("the scrubbed pages: {}", fault.for_author())))?;
    fixtures::settle(&case, &came.answer, true).map_err(refuse)?;
    let kept = temporary.keep();
    open_to_all(&kept);
    std::fs::rename(&kept, &folder).map_err(|error| {
        CliError::failed(format!("{} cannot be written: {error}; the case is in {}", folder.display(), kept.display()))
    })?;
    let scrubbed = scrub.told();
    let data = json!({
        "case": args.case,
        "folder": folder,
        "pages": pages,
        "scrubbed": scrubbed,
        "refused": came.refused,
        "steps": journal.steps(),
    });
    output.data(&data, |_| told(&folder, pages, &scrubbed))?;
    Ok(Exit::Ok)
}

fn told(folder: &Path, pages: usize, scrubbed: &Map<String, Value>) -> String {
    let mut text =
        format!("{}: {}, and what comes of it in expected.json\n", folder.display(), counted(pages as u64, "page"));
    if scrubbed.is_empty() {
        text.push_str("nothing had to be scrubbed\n");
    }
    for (what, count) in scrubbed {
        text.push_str(&format!("scrubbed: {count} {what}\n"));
    }
    text.push_str("read it before you share it: nobody but you knows what else in it is private\n");
    text
}

/// The folder of the case, which must not be there.
fn place(out: &Path, case: &str) -> Result<PathBuf, CliError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if case.is_empty() || case.len() > 64 || case.starts_with('.') || !case.chars().all(fits) {
        let message = format!("--case {case:?}: 1 to 64 of a-z, A-Z, 0-9, \"-\", \"_\" and \".\", not a \".\" first");
        return Err(CliError::usage(message));
    }
    std::fs::create_dir_all(out)
        .map_err(|error| CliError::failed(format!("{} cannot be made: {error}", out.display())))?;
    let folder = out.join(case);
    if folder.symlink_metadata().is_ok() {
        return Err(CliError::usage(format!("{} is there already", folder.display()))
            .hint("choose another --case, or remove it"));
    }
    Ok(folder)
}

/// A temporary folder is its owner's alone; a fixture is read by whoever may read the project.
fn open_to_all(folder: &Path) {
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    // If not, it is still there, and its owner's.
    let _kept = std::fs::set_permissions(folder, open);
}

/// Writes `meta.json` and the pages.
fn write(folder: &Path, given: Vec<Given>, scrub: &mut Scrub<'_>) -> Result<(), Unreadable> {
    let single = matches!(given.as_slice(), [only] if matches!(only.page.content, PageContent::Http(_)));
    let mut meta = Map::new();
    let mut pages = Vec::new();
    for Given { job, page } in given {
        if meta.is_empty() {
            meta.insert("kind".to_owned(), json!(job.kind));
            meta.insert("identifier".to_owned(), json!(scrub.url(&job.identifier)));
            let overrides: Value = serde_json::from_str(&job.overrides).unwrap_or_default();
            meta.insert("overrides".to_owned(), scrub.value(&overrides));
            meta.insert("now".to_owned(), json!(job.now));
            meta.insert("max_items".to_owned(), json!(job.max_items));
            meta.insert("max_pages".to_owned(), json!(job.max_pages));
            meta.insert("actor".to_owned(), json!(job.actor));
        }
        let number = page.number;
        match page.content {
            PageContent::Http(response) => {
                let name = if single { "page".to_owned() } else { format!("page-{number}") };
                let name = format!("{name}.{}", extension(&response));
                let body = scrub.bytes(response.body.as_bytes());
                let about = described(&response, scrub);
                if !body.is_empty() {
                    fixtures::put(&folder.join(&name), &body)?;
                }
                if single {
                    meta.insert("response".to_owned(), about);
                } else {
                    let file = (!body.is_empty()).then_some(name);
                    pages.push(json!({ "response": about, "body": file }));
                }
            }
            PageContent::Dataset(dataset) => {
                let name = format!("page-{number}.jsonl");
                let lines: Vec<String> = dataset.elements.iter().map(|element| scrub.element(element)).collect();
                fixtures::put(&folder.join(&name), lines.join("\n").as_bytes())?;
                pages.push(json!({
                    "elements": name, "offset": dataset.offset, "more": dataset.more, "ended": dataset.ended
                }));
            }
            PageContent::Other(_) => {}
        }
    }
    if !single {
        meta.insert("pages".to_owned(), Value::Array(pages));
    }
    let empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
    meta.retain(|_, value| !empty(value));
    let mut text = serde_json::to_string_pretty(&meta).unwrap_or_default();
    text.push('\n');
    fixtures::put(&folder.join("meta.json"), text.as_bytes())
}

fn described(response: &HttpResponse, scrub: &mut Scrub<'_>) -> Value {
    let headers: Vec<(String, String)> = response
        .headers
        .iter()
        .filter_map(|header| scrub.header(&header.name, &header.value).map(|value| (header.name.clone(), value)))
        .collect();
    let redirects: Vec<Value> =
        response.redirects.iter().map(|hop| json!({ "status": hop.status, "url": scrub.url(&hop.url) })).collect();
    json!({
        "status": response.status, "final_url": scrub.url(&response.final_url), "redirects": redirects, "headers": headers
    })
}

/// What a person would call the file.
fn extension(response: &HttpResponse) -> &'static str {
    let mime = response.headers.iter().find(|header| header.name == "content-type").map(|header| header.value.as_str());
    let mime = mime.unwrap_or_default().to_ascii_lowercase();
    let known = [("json", "json"), ("xml", "xml"), ("html", "html"), ("text/", "txt")];
    let found = known.into_iter().find(|(word, _)| mime.contains(word)).map(|(_, extension)| extension);
    match (found, &response.body) {
        (Some(extension), _) => extension,
        (None, Body::Text(_)) => "txt",
        (None, Body::Bytes(_)) => "bin",
    }
}

/// The journal's secrets are the scrub's as well.
impl Journal {
    /// A text without any secret of the daemon.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        match self.hidden(Value::String(text.to_owned())) {
            Value::String(text) => text,
            _ => String::new(),
        }
    }
}

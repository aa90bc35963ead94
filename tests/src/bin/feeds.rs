//! `feeds DIR [--json]`: judges the shipped feed component, run by the plugin room, against the corpus in DIR.

use std::path::Path;
use std::process::ExitCode;

use tidegate_tests::component::Component;
use tidegate_tests::corpus;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for a terminal")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.iter().find(|argument| !argument.starts_with("--")) else {
        eprintln!("give the folder of a corpus: feeds DIR [--json]");
        return ExitCode::from(2);
    };
    let component = match Component::load("rss") {
        Ok(component) => component,
        Err(trouble) => {
            eprintln!("{trouble}");
            return ExitCode::FAILURE;
        }
    };
    match corpus::judge(Path::new(folder), |document, url, kind| component.run(document, url, kind)) {
        Ok(report) if arguments.iter().any(|argument| argument == "--json") => println!("{}", report.to_json()),
        Ok(report) => println!("{report}"),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

//! `feeds-native DIR [--json]`: judges the feed plugin, called natively, against the corpus in DIR.

use std::path::Path;
use std::process::ExitCode;

use tidegate_tests::{corpus, native};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for a terminal")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.iter().find(|argument| !argument.starts_with("--")) else {
        eprintln!("give the folder of a corpus: feeds-native DIR [--json]");
        return ExitCode::from(2);
    };
    match corpus::judge(Path::new(folder), native::run) {
        Ok(report) if arguments.iter().any(|argument| argument == "--json") => println!("{}", report.to_json()),
        Ok(report) => println!("{report}"),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

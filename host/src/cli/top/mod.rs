//! `top`: what is due, running, spent, closed and failing, from the database alone.
//!
//! Owns: the picture and how often it is made. Must not know: the daemon, which may be another process, or none.

mod frame;
mod screen;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use super::args::{Place, TopArgs};
use super::error::{CliError, Exit};
use super::home::Home;
use super::output::Output;
use super::signals::Signals;
use crate::ports::Clock;
use crate::system::SystemClock;
use frame::{Frame, Setting};

/// How often the picture is made anew.
const BEAT: Duration = Duration::from_secs(1);

/// Shows the picture: once, or again and again on a terminal until Ctrl-C.
pub(super) async fn top(place: &Place, args: &TopArgs, output: Output) -> Result<Exit, CliError> {
    let home = Home::find(place)?;
    let store = home.existing_store().await?;
    let setting = Setting { profiles: home.profiles()?.by_name(), budget: home.config.global_budget() };
    let stdout = std::io::stdout();
    if args.once || output.is_json() || !stdout.is_terminal() {
        let frame = Frame::take(&*store, &setting, SystemClock.now()).await?;
        output.data(&frame, |frame| screen::drawn(frame, screen::UNBOUNDED))?;
        return Ok(Exit::Ok);
    }
    let mut signals = Signals::listen()?;
    let (enter, leave) = ("\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l");
    write(enter)?;
    let shown = async {
        loop {
            let frame = Frame::take(&*store, &setting, SystemClock.now()).await?;
            write(&screen::painted(&frame, screen::size()))?;
            tokio::select! {
                () = signals.next() => return Ok(()),
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    };
    let ended: Result<(), CliError> = shown.await;
    write(leave)?;
    ended?;
    Ok(Exit::Ok)
}

fn write(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| CliError::failed(format!("the terminal cannot be written: {error}")))
}

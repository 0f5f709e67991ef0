//! The loop that has the terminal. The only file that reads keys.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use evolve_store::StoreError;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::crossterm::style::force_color_output;
use ratatui::layout::{Position, Rect};

use super::draw::{Look, draw};
use super::live::Live;
use super::screen::{Action, Screen, Steer};
use super::view::View;

/// How long a key is waited for; then the journal is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often what only time changes is drawn anew, and the run's process is looked for.
const TICK: Duration = Duration::from_secs(1);

/// Sends a command to the process that has the run; its answer, or what to do, in one line.
pub type Steering = Arc<dyn Fn(Steer) -> Result<String, String> + Send + Sync>;

/// Why the dashboard was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// A key asked for it.
    Quit,
    /// A signal did.
    Signal,
}

/// What ends the dashboard against the person's will.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The terminal is gone, or refuses.
    #[error("the terminal cannot be used: {0}; `evolve watch RUN --once` needs none")]
    Terminal(#[from] io::Error),
}

/// Has the terminal until it is dropped; gives it back as it was, also after an error or a panic.
struct Taken {
    terminal: DefaultTerminal,
}

impl Taken {
    fn take() -> io::Result<Self> {
        // A panic is told on the terminal as it was: the hook restores it first.
        match ratatui::try_init() {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                ratatui::restore();
                Err(error)
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = self.terminal.show_cursor();
        let _ = ratatui::try_restore();
    }
}

/// Shows the run until a key or `ended` says otherwise. The run is never touched but by
/// `steering`.
pub fn run(
    live: &mut Live,
    steering: &Steering,
    look: Look,
    ended: &AtomicBool,
) -> Result<Left, WatchError> {
    force_color_output(look.colour);
    let mut taken = Taken::take()?;
    let (sender, answers) = channel();
    let mut desk = Desk {
        moment: live.moment(),
        live,
        screen: Screen::default(),
        steering,
        sender,
        answers,
        look,
    };
    desk.attend(&mut taken.terminal, ended)
}

/// The dashboard at work.
struct Desk<'a> {
    live: &'a mut Live,
    moment: crate::model::Moment,
    screen: Screen,
    steering: &'a Steering,
    sender: Sender<String>,
    answers: Receiver<String>,
    look: Look,
}

impl Desk<'_> {
    fn attend(
        &mut self,
        terminal: &mut DefaultTerminal,
        ended: &AtomicBool,
    ) -> Result<Left, WatchError> {
        let mut view = self.show(terminal)?;
        let mut ticked = Instant::now();
        while !ended.load(Ordering::Relaxed) {
            let mut fresh = false;
            if event::poll(LOOK_EVERY)? {
                fresh = true;
                match event::read()? {
                    Event::Key(key) if is_redraw(key) => anew(terminal)?,
                    Event::Key(key) => match self.screen.key(key, &view) {
                        Some(Action::Quit) => return Ok(Left::Quit),
                        Some(action) => self.act(action, terminal)?,
                        None => {}
                    },
                    _ => {} // a new size is taken with the next frame
                }
            }
            while let Ok(answer) = self.answers.try_recv() {
                self.screen.say(answer);
                fresh = true;
            }
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                fresh = true;
                // The process first: what it wrote before it was gone is then seen.
                self.moment = self.live.moment();
            }
            fresh |= self.refresh();
            if fresh {
                view = self.show(terminal)?;
            }
        }
        Ok(Left::Signal)
    }

    fn show(&mut self, terminal: &mut DefaultTerminal) -> io::Result<View> {
        self.moment.now = jiff::Timestamp::now();
        let view = self.live.view(&self.moment);
        let (screen, look) = (&mut self.screen, self.look);
        terminal.draw(|frame| {
            screen.resize(frame.area().width, frame.area().height);
            draw(frame, &view, screen, look);
        })?;
        Ok(view)
    }

    /// Looks at the journal. One that cannot be read now stays on the screen as it was, with
    /// the reason.
    fn refresh(&mut self) -> bool {
        match self.live.refresh() {
            Ok(news) => news,
            Err(error) => {
                self.screen.say(error.to_string());
                false
            }
        }
    }

    fn act(&mut self, action: Action, terminal: &mut DefaultTerminal) -> io::Result<()> {
        match action {
            Action::Quit => {}
            Action::Open(candidate) => {
                match self.live.show(candidate) {
                    Some(text) => self.screen.open(candidate, text),
                    None => self.screen.say(format!("there is no candidate {candidate}")),
                }
                // Reading blobs may have logged something across the screen.
                anew(terminal)?;
            }
            Action::Steer(steer) => {
                self.screen.say("…");
                let (steering, sender) = (Arc::clone(self.steering), self.sender.clone());
                // An answer may take its time; the screen does not wait for it.
                std::thread::spawn(move || {
                    let answer = steering(steer).unwrap_or_else(|error| error);
                    // The dashboard may be gone by now.
                    let _ = sender.send(answer);
                });
            }
        }
        Ok(())
    }
}

/// Makes the next frame a whole one. (`Terminal::clear` would ask the terminal where its cursor
/// is, and not every terminal answers.)
fn anew(terminal: &mut DefaultTerminal) -> io::Result<()> {
    let size = terminal.size()?;
    terminal.resize(Rect::from((Position::ORIGIN, size)))
}

fn is_redraw(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('l') && key.modifiers.contains(KeyModifiers::CONTROL)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::Command;

    use rustix::fs::{Mode, OFlags, open};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::*;

    #[test]
    #[ignore = "the next test runs it, on a terminal of its own"]
    fn a_panic_while_the_terminal_is_taken() {
        let _taken = Taken::take().unwrap();
        panic!("told on the terminal as it was");
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_told() {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let terminal = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let end = || terminal.try_clone().unwrap();
        let test = "watch::terminal::tests::a_panic_while_the_terminal_is_taken";
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", test, "--ignored", "--nocapture"]).env("RUST_BACKTRACE", "0");
        let ended = child.stdin(end()).stdout(end()).stderr(end()).status().unwrap();
        assert!(!ended.success());
        let modes = tcgetattr(&terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
        drop((child, terminal));
        let mut out = Vec::new();
        // A terminal ends with an error; what was read until then is there.
        let _ = std::fs::File::from(keys).read_to_end(&mut out);
        let out = String::from_utf8_lossy(&out);
        let place = |text: &str| out.find(text).unwrap_or_else(|| panic!("no {text:?} in {out:?}"));
        assert!(place("\x1b[?1049h") < place("\x1b[?1049l"));
        assert!(place("\x1b[?1049l") < place("told on the terminal as it was"));
    }
}

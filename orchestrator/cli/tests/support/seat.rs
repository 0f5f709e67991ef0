//! A person at a terminal: the binary on a pseudo-terminal, what is seen there, and keys.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// How long something may take to be seen, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came out of the terminal.
struct Out {
    screen: vt100::Parser,
    raw: Vec<u8>,
}

/// The binary on a terminal of 80 columns and 24 rows.
pub struct Seat {
    pub child: Child,
    keys: File,
    terminal: OwnedFd,
    out: Arc<(Mutex<Out>, Condvar)>,
}

impl Seat {
    pub fn take(command: &Command) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let terminal = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&terminal, size(24, 80)).unwrap();
        let end = || terminal.try_clone().unwrap();
        // A session of its own, so that this terminal is the one it belongs to.
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        session.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        session.current_dir(command.get_current_dir().unwrap());
        let child = session.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keys = File::from(keys);
        let out = Out { screen: vt100::Parser::new(24, 80, 0), raw: Vec::new() };
        let out = Arc::new((Mutex::new(out), Condvar::new()));
        let (mut output, shared) = (keys.try_clone().unwrap(), Arc::clone(&out));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(size @ 1..) = output.read(&mut buffer) {
                let mut out = shared.0.lock().unwrap();
                out.screen.process(&buffer[..size]);
                out.raw.extend_from_slice(&buffer[..size]);
                shared.1.notify_all();
            }
        });
        Self { child, keys, terminal, out }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&self, rows: u16, columns: u16) {
        let mut out = self.out.0.lock().unwrap();
        out.screen.screen_mut().set_size(rows, columns);
        tcsetwinsize(&self.terminal, size(rows, columns)).unwrap();
    }

    /// Waits until the screen is as wanted, and returns its text.
    pub fn until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        let mut out = self.out.0.lock().unwrap();
        while !wanted(out.screen.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what} was not seen:\n{}", out.screen.screen().contents());
            out = self.out.1.wait_timeout(out, left).unwrap().0;
        }
        out.screen.screen().contents()
    }

    /// Waits until a text is seen, and returns the screen's.
    pub fn sees(&self, text: &str) -> String {
        self.until(text, |screen| screen.contents().contains(text))
    }

    /// Everything that was written so far.
    pub fn raw(&self) -> Vec<u8> {
        self.out.0.lock().unwrap().raw.clone()
    }

    /// Waits for the end; the terminal must be as it was before. Returns the exit code.
    pub fn leaves(&mut self) -> i32 {
        let code = self.child.wait().unwrap().code().unwrap();
        self.until("the normal screen", |screen| !screen.alternate_screen());
        self.until("the cursor", |screen| !screen.hide_cursor());
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
        code
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

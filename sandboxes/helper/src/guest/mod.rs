//! The helper in a sandbox: one process that runs commands one after the other, collects what
//! they print, kills all they leave, and hands out their files. It has one thread, and more only
//! where it keeps a door.

mod capture;
mod door;
mod files;
pub(crate) mod filter;
mod limits;
mod link;
pub mod meter;
pub mod processes;
mod room;
mod run;
mod take;
mod tree;
mod warm;

use std::path::PathBuf;
use std::time::Duration;

use crate::sys;
use crate::wire::{Ask, FileHead, Report, Tell};
use meter::Meter;
use room::Room;

use link::Next;

pub use link::Link;
pub use tree::Scope;

/// What the helper is made of.
pub struct Guest {
    /// The way to the controller.
    pub link: Link,
    /// Whose processes are a command's.
    pub scope: Scope,
    /// What the kernel counts.
    pub meter: Meter,
}

/// How long a container waits for its first ask.
const IDLE: Duration = Duration::from_mins(5);

/// Longest time that a result is kept for a controller that is gone.
const LONGEST_KEPT: Duration = Duration::from_hours(24);

/// How a command went, kept until it is collected.
struct Done {
    key: String,
    report: Report,
    /// Everything printed that is kept: the head and the tail.
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// Serves until the controller is gone, for good.
pub fn serve(mut guest: Guest) {
    sys::hide();
    if guest.scope == Scope::Descendants && sys::adopt_orphans().is_err() {
        return guest.link.tell(&fault("orphans cannot be adopted on this system"), &[]);
    }
    let mut idle = IDLE;
    let mut room = None;
    let mut done: Option<Done> = None;
    loop {
        let (ask, payload) = match guest.link.next(idle) {
            Next::Asked(ask, payload) => (*ask, payload),
            Next::Came => {
                greet(&mut guest.link, done.as_ref());
                continue;
            }
            Next::Over => break,
        };
        match (ask, &mut room) {
            (Ask::Prepare(prepare), _) => {
                idle = Duration::from_secs(prepare.idle_s);
                match Room::prepare(prepare, &payload, guest.scope) {
                    Ok(ready) => {
                        room = Some(ready);
                        guest.link.tell(&Tell::Ready, &[]);
                    }
                    Err(why) => guest.link.tell(&Tell::Fault(why), &[]),
                }
            }
            (_, None) => guest.link.tell(&fault("nothing is prepared yet"), &[]),
            (Ask::Run(run), Some(room)) => {
                idle = idle.max(run.wall.min(LONGEST_KEPT));
                match room.run(&mut guest, run, &payload) {
                    // A controller that is there has heard it.
                    Ok(Some(ended)) => done = Some(ended),
                    Ok(None) => break, // the controller is gone and will not come back
                    Err(why) => guest.link.tell(&Tell::Fault(why), &[]),
                }
            }
            (Ask::Take(folder, limits), Some(room)) => {
                match take::take(room.base(), folder, limits) {
                    Ok(taken) => answer_files(&mut guest.link, taken),
                    Err(refused) => guest.link.tell(&Tell::Refused(refused), &[]),
                }
            }
            (Ask::Read(folder, path, most), Some(room)) => {
                let taken = take::read(room.base(), folder, &path, most);
                answer_files(&mut guest.link, taken.into_iter().collect());
            }
            (Ask::Reset, Some(room)) => {
                done = None;
                let tell = match room.reset(&mut guest) {
                    Ok(()) => Tell::Ready,
                    Err(why) => Tell::Fault(why),
                };
                guest.link.tell(&tell, &[]);
            }
        }
    }
    if let Some(room) = room {
        room.close(&mut guest);
    }
}

/// What of seccomp and Landlock is active in sandboxes of this system, a line each.
pub fn layers() -> Vec<String> {
    filter::Filter::new(&[]).layers()
}

/// Tells a controller that came what it may have missed.
fn greet(link: &mut Link, done: Option<&Done>) {
    link.tell(&Tell::State { key: done.map(|done| done.key.clone()) }, &[]);
    if let Some(done) = done {
        link.tell(&Tell::Output, &[&done.head]);
        link.tell(&Tell::Ended(done.report.clone()), &[&done.tail]);
    }
}

fn answer_files(link: &mut Link, taken: Vec<(FileHead, Vec<u8>)>) {
    let (heads, contents): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
    let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    link.tell(&Tell::Files(heads), &contents);
}

fn fault(why: &str) -> Tell {
    Tell::Fault(why.to_owned())
}

/// Finds a program as a shell does.
fn find(name: &str, path: Option<&String>) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let folders =
        std::env::split_paths(path.map_or("/usr/local/bin:/usr/bin:/bin", |p| p.as_str()));
    folders.map(|folder| folder.join(name)).find(|file| {
        file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
    })
}

//! A sandbox's folders, limits and warm Python: made once, used for one command after the
//! other, with everything cleaned between them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, getpid};

use super::filter::Filter;
use super::tree::{Scope, Tree};
use super::warm::Server;
use super::{Guest, door, files, find};
use crate::sys::{self, Schedule};
use crate::wire::{FileHead, Folder, Prepare, Run, split};

/// Folders outside the base that commands may write, where there are any.
const SHARED: [&str; 3] = ["/tmp", "/dev/shm", "/dev/mqueue"];

pub(super) struct Room {
    pub prepare: Prepare,
    contents: Vec<Vec<u8>>,
    pub filter: Filter,
    pub server: Option<Server>,
    /// Why no other command may run here.
    pub spoilt: Option<String>,
    pub scope: Scope,
    /// How this process and the warm Python were scheduled at first.
    schedules: Vec<(Pid, Option<Schedule>)>,
    /// What is mounted here, by which only those did who built the sandbox.
    mounted: Vec<PathBuf>,
    /// The port of the door, where there is one.
    door: Option<u16>,
}

impl Room {
    pub(super) fn prepare(prepare: Prepare, payload: &[u8], scope: Scope) -> Result<Self, String> {
        let contents = split(&prepare.files, payload).map_err(|error| error.to_string())?;
        let contents = contents.into_iter().map(<[u8]>::to_vec).collect();
        let writable: Vec<&str> =
            [prepare.base.as_str(), "/dev"].into_iter().chain(SHARED).collect();
        let extra: Vec<&str> = prepare.writable.iter().map(String::as_str).collect();
        let filter = if prepare.filter {
            Filter::new(&[writable, extra].concat())
        } else {
            Filter::default()
        };
        let mut mounted = files::mounted();
        // Where `/tmp` is the sandbox's own folder for such files, that folder holds it too.
        let tmp = Path::new(&prepare.base).join(Folder::Tmp.name());
        let twins =
            mounted.iter().filter_map(|mount| Some(tmp.join(mount.strip_prefix("/tmp").ok()?)));
        mounted.extend(twins.collect::<Vec<_>>());
        let mut room = Self {
            prepare,
            contents,
            filter,
            server: None,
            spoilt: None,
            scope,
            schedules: Vec::new(),
            mounted,
            door: None,
        };
        room.make_folders().map_err(|error| format!("the folders cannot be made: {error}"))?;
        room.start_server()?;
        let door = room.prepare.door.as_deref().map(door::open).transpose();
        room.door = door.map_err(|error| format!("the door cannot be opened: {error}"))?;
        let kept = std::iter::once(getpid()).chain(room.server.as_ref().map(Server::pid));
        room.schedules = kept.map(|pid| (pid, Schedule::of(pid))).collect();
        Ok(room)
    }

    pub(super) fn base(&self) -> &Path {
        Path::new(&self.prepare.base)
    }

    pub(super) fn folder(&self, folder: Folder) -> PathBuf {
        self.base().join(folder.name())
    }

    fn make_folders(&self) -> std::io::Result<()> {
        for folder in Folder::ALL {
            if !self.folder(folder).exists() {
                files::make(self.base(), folder)?;
            }
        }
        Ok(())
    }

    fn start_server(&mut self) -> Result<(), String> {
        let Some(warm) = &self.prepare.warm else { return Ok(()) };
        let env = self.env(&BTreeMap::new());
        let python = find(&warm.python, env.get("PATH"))
            .ok_or_else(|| format!("{} is not installed in this sandbox", warm.python))?;
        let filter = self.filter.try_clone().map_err(|error| error.to_string())?;
        let folder = self.base().to_owned();
        let server = Server::start(warm, &python, &env, &folder, self.prepare.rlimits, filter)?;
        self.server = Some(server);
        Ok(())
    }

    /// The environment of a command that adds these.
    pub(super) fn env(&self, more: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let text = |folder| self.folder(folder).display().to_string();
        let mut env = BTreeMap::from([
            ("HOME".to_owned(), text(Folder::Work)),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("TMPDIR".to_owned(), text(Folder::Tmp)),
        ]);
        env.extend(self.prepare.env.clone());
        env.extend(more.clone());
        env
    }

    /// The address of the door.
    pub(super) fn door(&self) -> Option<String> {
        self.door.map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// Puts the files of a command where they belong.
    pub(super) fn fill(&self, run: &Run, payload: &[u8]) -> std::io::Result<()> {
        let own = split(&run.files, payload)?;
        let common = self.contents.iter().map(Vec::as_slice);
        let all = self.prepare.files.iter().zip(common).chain(run.files.iter().zip(own));
        for (head, bytes) in all {
            let head: &FileHead = head;
            files::place(self.base(), head, bytes)?;
        }
        files::protect(&self.folder(Folder::Program))?;
        if run.output_is_given {
            files::protect(&self.folder(Folder::Output))?;
        }
        Ok(())
    }

    /// The processes of a command whose first one this is, if it is this process's child.
    pub(super) fn tree(&self, main: Option<Pid>) -> Tree {
        Tree::new(self.scope, main, self.server.as_ref().map(Server::pid))
    }

    /// Cleans up after a command, or says why that does not do.
    pub(super) fn reset(&mut self, guest: &mut Guest) -> Result<(), String> {
        if let Some(why) = self.spoilt.take() {
            return Err(why);
        }
        let mut tree = self.tree(None);
        if !tree.kill().is_empty() {
            return Err("a process cannot be killed".to_owned());
        }
        if tree.spare_ended() {
            return Err("the warm Python has ended".to_owned());
        }
        if self.schedules.iter().any(|(pid, schedule)| Schedule::of(*pid) != *schedule) {
            return Err("a command changed how its sandbox is scheduled".to_owned());
        }
        let clean = || -> std::io::Result<()> {
            files::empty(self.base(), &self.mounted)?;
            // It counts as mounted where `/tmp` is, and would be passed over.
            let tmp = self.folder(Folder::Tmp);
            if tmp.is_dir() {
                files::empty(&tmp, &self.mounted)?;
            }
            self.make_folders()?;
            if guest.scope == Scope::Namespace {
                for folder in SHARED.iter().filter(|folder| Path::new(folder).is_dir()) {
                    files::empty(Path::new(folder), &self.mounted)?;
                }
            }
            Ok(())
        };
        clean().map_err(|error| format!("what a command left cannot be removed: {error}"))?;
        if guest.scope == Scope::Namespace && sys::wipe_ipc() {
            return Err("a command left System V IPC that cannot be removed".to_owned());
        }
        Ok(())
    }

    /// Ends everything.
    pub(super) fn close(mut self, guest: &mut Guest) {
        self.server = None;
        let _ = self.tree(None).kill();
        if guest.scope == Scope::Descendants {
            let _ = files::remove(self.base());
        }
    }
}

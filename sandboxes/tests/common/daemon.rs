//! A Docker daemon of a test's own, which it may kill.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::net::{TcpListener, UnixStream};

/// A daemon with its own images and containers. Ends with all of them when dropped.
pub struct OwnDaemon {
    child: Child,
    folder: TempDir,
    flags: Vec<String>,
}

impl OwnDaemon {
    /// Starts one that has the base image of the daemon that is there.
    pub fn start(flags: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("dockerd-").tempdir().unwrap();
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let child = spawn(&folder, &flags);
        let own = Self { child, folder, flags };
        own.await_answer();
        let mut save = Command::new("docker")
            .args(["save", evolve_sandbox::DEFAULT_IMAGE])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let load = own.docker(&["load", "--quiet"]).stdin(save.stdout.take().unwrap()).status();
        assert!(save.wait().unwrap().success() && load.unwrap().success());
        own
    }

    /// Its address: a socket of this machine.
    pub fn local(&self) -> String {
        format!("unix://{}/socket", self.folder.path().display())
    }

    /// Its address as from another machine: a port that leads to its socket.
    pub async fn remote(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = self.folder.path().join("socket");
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(async move {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        format!("tcp://127.0.0.1:{port}")
    }

    /// The client, asking it.
    pub fn docker(&self, args: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.arg("-H").arg(self.local()).args(args).stdout(Stdio::null());
        command
    }

    /// Ends it as a service manager does, or as nobody should; returns when it is gone.
    pub fn end(&mut self, kindly: bool) {
        if kindly {
            let pid = i32::try_from(self.child.id()).unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        } else {
            self.child.kill().unwrap();
        }
        self.child.wait().unwrap();
    }

    /// Starts it again.
    pub fn start_again(&mut self) {
        self.child = spawn(&self.folder, &self.flags);
        self.await_answer();
    }

    fn await_answer(&self) {
        crate::common::eventually(
            || self.docker(&["version"]).stderr(Stdio::null()).status().unwrap().success(),
            "an answer of the daemon",
        );
    }
}

impl Drop for OwnDaemon {
    fn drop(&mut self) {
        let _ = self.docker(&["ps", "-aq"]).stdout(Stdio::piped()).output().map(|listed| {
            for id in String::from_utf8_lossy(&listed.stdout).split_whitespace() {
                let _ = self.docker(&["rm", "-f", id]).status();
            }
        });
        self.end(true);
        // A daemon that was killed once leaves mounts, and they the folder.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let below = self.folder.path().display().to_string();
        for mount in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)) {
            if mount.starts_with(&below) {
                let _ = Command::new("umount").args(["--lazy", mount]).status();
            }
        }
    }
}

fn spawn(folder: &TempDir, flags: &[String]) -> Child {
    let at = |name: &str| folder.path().join(name).display().to_string();
    // After a kill these are in the way of the next one: its containerd goes with it, and what
    // nobody collects looks alive.
    for stale in ["pid", "exec/containerd/containerd.pid"] {
        let _ = std::fs::remove_file(PathBuf::from(at(stale)));
    }
    let log = std::fs::File::options().append(true).create(true).open(at("log")).unwrap();
    // In a network of its own: it would remove the bridge of the daemon that is there.
    Command::new("unshare")
        .args(["--net", "dockerd", "--host", &format!("unix://{}", at("socket"))])
        .args(["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid")])
        .args(["--bridge", "none", "--iptables=false", "--ip-masq=false"])
        .args(flags)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

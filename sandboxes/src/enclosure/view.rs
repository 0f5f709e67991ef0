//! What the processes in a sandbox see of the file system: a few folders of this system,
//! read-only, and an empty, bounded one of their own.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
    mount_change, move_mount, open_tree, unmount,
};

use super::{Bind, Enclosure, INODES, INSIDE};

/// Where the helper's folders are, inside.
pub(crate) const BASE: &str = "/evolve";

/// Where the new root is put together; any folder that every system has.
const STAGE: &str = "/tmp";

/// Top folders of the system: programs and libraries.
const SYSTEM: [&str; 8] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix"];

/// The parts of `/etc` that programs need to find libraries, time zones and each other.
const SETTINGS: [&str; 8] = [
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "localtime",
    "ssl",
    "fonts",
    "OpenCL",
];

/// For a network that can be reached.
const NAMES: [&str; 3] = ["resolv.conf", "nsswitch.conf", "hosts"];

const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Numbers of processors, which runtimes ask for.
const SYSFS: [&str; 2] = ["/sys/devices/system/cpu", "/sys/devices/system/node"];

/// Enters the sandbox; the gate opens when this process has been given its identity.
pub(super) fn enter(enclosure: &Enclosure, gate: &OwnedFd) -> io::Result<()> {
    let at = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| io::Error::other(format!("{what}: {error}"))
    };
    // While this process still is who it was: what it may read it may show.
    let trees = sources(enclosure)?;
    File::from(gate.try_clone()?).read_exact(&mut [0]).map_err(at("the supervisor is gone"))?;
    become_nobody().map_err(at("identity"))?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let nothing = MountFlags::NOSUID | MountFlags::NODEV;
    temporary(STAGE, 1 << 20, 4096, nothing).map_err(at("the new root"))?;
    let stage = Path::new(STAGE);
    fill(stage, enclosure, trees).map_err(at("the view of the system"))?;
    std::env::set_current_dir(stage)?;
    rustix::process::pivot_root(".", ".").map_err(io::Error::from).map_err(at("pivot_root"))?;
    unmount(".", UnmountFlags::DETACH)?;
    std::env::set_current_dir("/")?;
    restrict(&open("/")?, false, false)?;
    if !enclosure.network {
        raise_loopback()?;
    }
    let _ = rustix::system::sethostname(b"sandbox");
    // Its old group cannot be seen from here.
    rustix::process::setsid()?;
    // After the change of identity, which clears it.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

/// A copy of the mount at each bind's source, with the bind.
fn sources(enclosure: &Enclosure) -> io::Result<Vec<(Bind, OwnedFd)>> {
    let system = SYSTEM.iter().map(|name| PathBuf::from("/").join(name));
    let settings = SETTINGS.iter().map(|name| Path::new("/etc").join(name));
    let names = NAMES.iter().filter(|_| enclosure.network).map(|name| Path::new("/etc").join(name));
    let devices = DEVICES.iter().map(|name| Path::new("/dev").join(name));
    let sysfs = SYSFS.iter().map(PathBuf::from);
    let own = system.chain(settings).chain(names).chain(devices).chain(sysfs);
    let own = own.filter(|path| path.exists() && !path.is_symlink() || path.starts_with("/etc"));
    let own = own.filter(|path| path.exists()).map(|path| Bind {
        target: path.clone(),
        writable: path.starts_with("/dev"),
        source: path,
    });
    let mut trees = Vec::new();
    let mut all: Vec<Bind> = own.chain(enclosure.binds.iter().cloned()).collect();
    // Outer folders first.
    all.sort_by(|one, other| one.target.cmp(&other.target));
    for bind in all {
        let tree = open(&bind.source).map_err(|error| {
            io::Error::other(format!("{} cannot be shown: {error}", bind.source.display()))
        })?;
        trees.push((bind, tree));
    }
    Ok(trees)
}

fn open(path: impl AsRef<Path>) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    if path.as_ref() == Path::new("/") {
        return Ok(open_tree(CWD, "/", OpenTreeFlags::OPEN_TREE_CLOEXEC)?);
    }
    Ok(open_tree(CWD, path.as_ref(), flags)?)
}

fn become_nobody() -> io::Result<()> {
    use rustix::thread::{
        CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_keep_capabilities,
        set_thread_res_gid, set_thread_res_uid,
    };
    let (uid, gid) =
        (rustix::process::Uid::from_raw(INSIDE), rustix::process::Gid::from_raw(INSIDE));
    set_keep_capabilities(true)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    let permitted = capabilities(None)?.permitted;
    set_capabilities(
        None,
        CapabilitySets { effective: permitted, permitted, inheritable: CapabilitySet::empty() },
    )?;
    Ok(())
}

/// An empty file system in memory.
fn temporary(
    target: impl AsRef<Path>,
    size: u64,
    inodes: u64,
    flags: MountFlags,
) -> io::Result<()> {
    let options = format!("size={size},nr_inodes={inodes},mode=0755");
    let options = CString::new(options)?;
    mount("tmpfs", target.as_ref(), "tmpfs", flags, options.as_c_str())?;
    Ok(())
}

/// Builds the view below the stage.
fn fill(stage: &Path, enclosure: &Enclosure, trees: Vec<(Bind, OwnedFd)>) -> io::Result<()> {
    let nothing = MountFlags::NOSUID | MountFlags::NODEV;
    for folder in ["proc", "tmp", "dev", "etc", "sys", "run", "root", "home", "var"] {
        fs::create_dir(stage.join(folder))?;
    }
    for name in SYSTEM {
        let path = Path::new("/").join(name);
        if let Ok(target) = fs::read_link(&path) {
            symlink(target, stage.join(name))?;
        }
    }
    for (name, text) in [
        ("passwd", "root:x:0:0::/:/bin/sh\nevolve:x:1000:1000::/evolve/work:/bin/sh\n"),
        ("group", "root:x:0:\nevolve:x:1000:\n"),
    ] {
        fs::write(stage.join("etc").join(name), text)?;
    }
    if !enclosure.network {
        fs::write(stage.join("etc/hosts"), "127.0.0.1 localhost sandbox\n")?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, stage.join("dev").join(name))?;
    }
    let own = stage.join(BASE.trim_start_matches('/'));
    fs::create_dir(&own)?;
    temporary(&own, enclosure.disk, INODES, nothing)?;
    let tmp = own.join("tmp");
    fs::create_dir(&tmp)?;
    fs::set_permissions(&tmp, fs::Permissions::from_mode(0o700))?;
    move_to(&open(&tmp)?, &stage.join("tmp"))?;
    let shm = stage.join("dev/shm");
    fs::create_dir(&shm)?;
    temporary(&shm, enclosure.shm, INODES, nothing)?;
    show(stage, trees)?;
    mount("proc", stage.join("proc"), "proc", nothing | MountFlags::NOEXEC, None).map_err(|error| {
        io::Error::other(format!("proc cannot be mounted ({error}); is this a container?"))
    })
}

fn show(stage: &Path, trees: Vec<(Bind, OwnedFd)>) -> io::Result<()> {
    let mut made = BTreeSet::new();
    for (bind, tree) in trees {
        let relative = bind.target.strip_prefix("/").unwrap_or(&bind.target);
        let target = stage.join(relative);
        if !made.insert(target.clone()) {
            continue;
        }
        let kind = rustix::fs::fstat(&tree)?.st_mode;
        if !target.exists() {
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            if FileType::from_raw_mode(kind) == FileType::Directory {
                fs::create_dir(&target)?;
            } else {
                File::create(&target)?;
            }
        }
        // Devices are devices, and only ours.
        if !bind.target.starts_with("/dev") {
            restrict(&tree, true, bind.writable)?;
        }
        move_to(&tree, &target)?;
    }
    Ok(())
}

fn move_to(tree: &OwnedFd, target: &Path) -> io::Result<()> {
    move_mount(tree, "", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    Ok(())
}

/// Makes a mount, and those below it if asked, read-only (unless said) and without
/// set-user-id programs and devices.
fn restrict(tree: &OwnedFd, below: bool, writable: bool) -> io::Result<()> {
    let read_only = if writable { 0 } else { libc::MOUNT_ATTR_RDONLY };
    let attributes = libc::mount_attr {
        attr_set: read_only | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH | if below { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a string that ends, the structure lives and is as large as said.
    #[allow(unsafe_code)] // no safe library offers mount_setattr
    let status = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Programs may talk to themselves over the loopback of their own network.
fn raise_loopback() -> io::Result<()> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
    // SAFETY: zeroes are a valid `ifreq`.
    #[allow(unsafe_code)] // no safe library sets the flags of an interface
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip([b'l', b'o']) {
        *to = libc::c_char::try_from(from).unwrap_or_default();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request lives and is what this call reads.
    #[allow(unsafe_code)]
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether a path is part of what every sandbox shows.
pub(crate) fn shows(path: &Path) -> bool {
    SYSTEM.iter().any(|name| path.starts_with(Path::new("/").join(name)))
        && !path.as_os_str().as_bytes().is_empty()
}

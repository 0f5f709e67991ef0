//! Inside a container: process 1 listens on a socket, and a relay, started by the daemon for a
//! controller, carries bytes between the controller and that socket.

use std::fs::Permissions;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use crate::guest::meter::{Groups, Meter};
use crate::guest::{Guest, Link, Scope, serve};
use crate::sys;

/// Where process 1 listens: in memory of its own that commands cannot write, since it is made
/// before the first one and owned by who may not be replaced.
const SOCKET: &str = "/run/evolve/helper";

/// Process 1 of a container.
///
/// # Errors
/// When the socket cannot be made.
pub fn first_process() -> io::Result<()> {
    sys::hide();
    let listener = UnixListener::bind(SOCKET)?;
    std::fs::set_permissions(SOCKET, Permissions::from_mode(0o666))?;
    let meter = Meter::open(&Groups::of_container());
    let link = Link::Socket { listener, stream: None };
    serve(Guest { link, scope: Scope::Namespace, meter });
    Ok(())
}

/// Carries bytes until one end is gone.
///
/// # Errors
/// When process 1 does not listen.
pub fn relay() -> io::Result<()> {
    sys::hide();
    let socket = connect(Path::new(SOCKET))?;
    let mut answers = socket.try_clone()?;
    std::thread::spawn(move || {
        let _ = copy(&mut answers, &mut io::stdout());
        // The controller hears of the end by this process's.
        std::process::exit(0);
    });
    let mut asks = &socket;
    copy(&mut io::stdin(), &mut asks)
}

/// The daemon may start a relay before process 1 listens.
fn connect(path: &Path) -> io::Result<UnixStream> {
    let mut tries = 0;
    loop {
        match UnixStream::connect(path) {
            Ok(socket) => return Ok(socket),
            Err(error) if tries == 500 => return Err(error),
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
        tries += 1;
    }
}

/// As `io::copy`, but every chunk is passed on at once.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut chunk = vec![0; 256 * 1024];
    loop {
        let n = from.read(&mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        to.write_all(&chunk[..n])?;
        to.flush()?;
    }
}

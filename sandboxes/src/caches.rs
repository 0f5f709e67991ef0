//! Folders of the host that commands may write.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use evolve_core::ports::HostFault;

/// Makes a cache's folder if it is not there. If `for_others`, any user may write in it, since
/// commands run as one that owns nothing; the folder around a new one keeps this system's
/// other users out.
pub(crate) fn make(folder: &Path, for_others: bool) -> Result<(), HostFault> {
    let made = || {
        if !folder.is_dir() {
            if let Some(parent) = folder.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
            }
            fs::create_dir(folder)?;
        }
        if for_others {
            fs::set_permissions(folder, Permissions::from_mode(0o777))?;
        }
        Ok(())
    };
    made().map_err(|error: std::io::Error| {
        HostFault::new(format!("the cache {} cannot be made: {error}", folder.display()))
    })
}

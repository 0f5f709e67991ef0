//! Builds the helper for containers: a static program, since it must run in any image.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Under this name it is embedded in the library.
const NAME: &str = "evolve-sandbox-helper";

fn main() {
    for path in ["build.rs", "helper/src", "helper/Cargo.toml", "../Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let out = PathBuf::from(var("OUT_DIR"));
    let target = var("TARGET");
    let built = match var("CARGO_CFG_TARGET_OS").as_str() {
        "linux" => build(&out, &target),
        // Elsewhere the docker sandbox says that it has no helper.
        _ => Ok(Vec::new()),
    };
    let written = built.and_then(|bytes| {
        std::fs::write(out.join(NAME), bytes).map_err(|error| format!("cannot keep it: {error}"))
    });
    if let Err(why) = written {
        println!("cargo::error=the helper for containers: {why}");
    }
}

/// Another cargo, since only this one program is linked statically (macros cannot be). It has
/// a folder of its own: this one's is locked.
fn build(out: &Path, target: &str) -> Result<Vec<u8>, String> {
    let folder = out.join("helper");
    let release = var("PROFILE") == "release";
    let mut cargo = Command::new(var("CARGO"));
    cargo
        .args(["rustc", "--quiet", "--frozen", "--package", NAME, "--bin", NAME])
        .args(["--target", target, "--target-dir"])
        .arg(&folder)
        .args(release.then_some("--release"))
        .args(["--", "-C", "target-feature=+crt-static", "-C", "strip=symbols"])
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        // What checks or measures this crate is not meant for that one.
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let status = cargo.status().map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !status.success() {
        return Err(format!(
            "building it failed ({status}); a static C library is needed \
                            (Debian: libc6-dev)"
        ));
    }
    let profile = if release { "release" } else { "debug" };
    let file = folder.join(target).join(profile).join(NAME);
    std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))
}

fn var(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

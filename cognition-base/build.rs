//! The library's folder is part of the crate: a new item in it builds the crate again.

fn main() {
    println!("cargo::rerun-if-changed=library");
}

//! A file that is added to the page is built in without another change.

fn main() {
    println!("cargo::rerun-if-changed=dashboard");
    println!("cargo::rerun-if-changed=build.rs");
}

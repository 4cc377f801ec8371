//! Where the folders are, by environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wire::folders::{Folders, NoHome, program_places};

#[test]
fn aip_home_holds_everything() {
    check(
        &[
            ("AIP_HOME", "/aip"),
            ("HOME", "/home/u"),
            ("XDG_STATE_HOME", "/x"),
        ],
        Some(["/aip/config.yaml", "/aip/audit.db", "/aip/run/shim.sock"]),
    );
}

#[test]
fn aip_home_needs_no_home() {
    check(
        &[("AIP_HOME", "/aip")],
        Some(["/aip/config.yaml", "/aip/audit.db", "/aip/run/shim.sock"]),
    );
}

#[test]
fn without_an_absolute_home_there_is_no_place() {
    check(&[], None);
    check(&[("HOME", "home")], None);
    check(&[("HOME", "")], None);
    check(
        &[("AIP_HOME", "here"), ("XDG_RUNTIME_DIR", "/run/user/1")],
        None,
    );
}

#[cfg(target_os = "linux")]
#[test]
fn home_alone_gives_the_usual_places() {
    let places = [
        "/home/u/.config/aip/config.yaml",
        "/home/u/.local/state/aip/audit.db",
        "/home/u/.local/state/aip/run/shim.sock",
    ];
    check(&[("HOME", "/home/u")], Some(places));
    check(
        &[("HOME", "/home/u"), ("AIP_HOME", "relative")],
        Some(places),
    );
    check(
        &[
            ("HOME", "/home/u"),
            ("XDG_CONFIG_HOME", "c"),
            ("XDG_RUNTIME_DIR", ""),
        ],
        Some(places),
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_xdg_variables_are_followed() {
    check(
        &[
            ("HOME", "/home/u"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_RUNTIME_DIR", "/run/user/1"),
        ],
        Some([
            "/c/aip/config.yaml",
            "/s/aip/audit.db",
            "/run/user/1/aip/shim.sock",
        ]),
    );
}

#[test]
fn all_files_have_their_names() {
    let folders = Folders::find(|name| (name == "AIP_HOME").then(|| "/a".into())).unwrap();
    let files = [
        folders.control_socket(),
        folders.live_audit(),
        folders.lock(),
        folders.log(),
    ];
    let names = [
        "/a/run/control.sock",
        "/a/aip-audit.jsonl",
        "/a/aipd.lock",
        "/a/aipd.log",
    ];
    assert_eq!(files, names.map(PathBuf::from));
    assert_eq!(folders.home_override, Some(PathBuf::from("/a")));
}

#[test]
fn programs_are_found_beside_the_running_one_first_and_never_by_path() {
    let places = |compiled| program_places("aipd", Path::new("/opt/bin/aip"), compiled);
    assert_eq!(places(None), [PathBuf::from("/opt/bin/aipd")]);
    assert_eq!(
        places(Some("/usr/lib/aip")),
        ["/opt/bin/aipd", "/usr/lib/aip/aipd"].map(PathBuf::from)
    );
    assert_eq!(
        program_places("aipd", Path::new("/"), None),
        Vec::<PathBuf>::new()
    );
}

/// The configuration, the store and the shim's socket, or `None` for no place.
fn check(environment: &[(&str, &str)], expected: Option<[&str; 3]>) {
    let found = Folders::find(|name| {
        let (_, value) = environment.iter().find(|(key, _)| *key == name)?;
        Some(OsString::from(value))
    });
    let found = found.map(|it| [it.config_file(), it.store(), it.shim_socket()]);
    assert_eq!(
        found,
        expected
            .map(|places| places.map(PathBuf::from))
            .ok_or(NoHome)
    );
}

//! An install that is killed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use e2e::client::PATIENCE;

use crate::people::{CONFIGS, People};
use crate::{done, said};

#[test]
fn an_install_killed_at_any_moment_leaves_every_file_whole() {
    let people = People::new();
    done(&people, &["install", "--yes"]);
    let wrapped = people.now();
    done(&people, &["uninstall", "--yes"]);
    let watched: Vec<_> = CONFIGS.iter().map(|it| people.path(it)).collect();
    let mut between = 0;
    for nth in 0..12_u32 {
        let mut install = people.home.command("aipctl");
        install
            .args(["install", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut install = install.spawn().expect("aipctl starts");
        // In the midst of it: as soon as one of the files is another one.
        let file = &watched[nth as usize % watched.len()];
        let inode = fs::metadata(file).unwrap().ino();
        let until = Instant::now() + PATIENCE;
        while fs::metadata(file).unwrap().ino() == inode
            && install.try_wait().unwrap().is_none()
            && Instant::now() < until
        {
            std::thread::sleep(Duration::from_micros(50));
        }
        install.kill().unwrap();
        install.wait().unwrap();
        let (mut done_with, mut not_yet) = (0, 0);
        for (name, bytes) in people.now() {
            let before = people.before.get(&name);
            if name.to_string_lossy().ends_with(".aip-new") {
                continue;
            }
            let (is_new, is_old) = (wrapped.get(&name) == Some(&bytes), before == Some(&bytes));
            assert!(is_new || is_old, "{} is neither", name.display());
            done_with += usize::from(is_new && !is_old);
            not_yet += usize::from(is_old && !is_new);
        }
        between += usize::from(done_with > 0 && not_yet > 0);
        let back = people.home.ctl(&["uninstall", "--yes"]);
        assert!(back.status.success(), "{}", said(&back));
        let mut now = people.now();
        now.retain(|name, _| !name.to_string_lossy().ends_with(".aip-new"));
        assert_eq!(now, people.before);
    }
    assert!(between > 0, "no kill came between two files");
    done(&people, &["install", "--yes"]);
    assert_eq!(people.now(), wrapped, "nothing is left lying about");
    done(&people, &["uninstall", "--yes"]);
    assert_eq!(people.now(), people.before);
}

//! What the shim says of itself when it opens or resumes a session.

use wire::link::{Hello, PolicyFile, Resume, Spawned};

use crate::args::Options;
use crate::mirror::Mirror;
use crate::{policy_file, target};

/// The parts of a hello that don't change with the connection.
pub(crate) struct Said {
    hello: Hello,
    /// The server's command and arguments, to run it by.
    pub(crate) argv: Vec<std::ffi::OsString>,
}

impl std::fmt::Debug for Said {
    /// The arguments and the policy's text may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").finish_non_exhaustive()
    }
}

impl Said {
    /// Gathers them from the command line and the process's surroundings.
    pub(crate) fn of(
        options: &Options,
        policy: Option<PolicyFile>,
        mirror: Option<&Mirror>,
    ) -> Self {
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let hello = Hello {
            build: env!("CARGO_PKG_VERSION").to_owned(),
            resume: None,
            policy,
            // Nothing stands for what can't be told as it is: another folder has other layers.
            cwd: std::env::current_dir()
                .ok()
                .and_then(|path| path.into_os_string().into_string().ok())
                .unwrap_or_default(),
            home: std::env::var_os("HOME")
                .map(|home| text(home.as_ref()))
                .unwrap_or_default(),
            argv: options
                .argv
                .iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
            program: target::find(&options.argv, |name| std::env::var_os(name))
                .map(|found| text(&found.canonicalize().unwrap_or(found)))
                .ok(),
            name: options.name.clone(),
            verbose: options.verbose,
            audit_mirror: mirror.map(|mirror| text(mirror.path())),
            server: None,
        };
        Self {
            hello,
            argv: options.argv.clone(),
        }
    }

    /// The hello for a new connection.
    pub(crate) fn hello(&self, resume: Option<Resume>, server: Option<Spawned>) -> Hello {
        let mut hello = Hello {
            resume,
            server,
            ..self.hello.clone()
        };
        if hello.resume.is_some() {
            hello.policy = hello.policy.map(as_it_is_now);
        }
        hello
    }
}

/// The daemon compares what it reads with what we read, so a resume says what stands there now;
/// where that can't be read, the daemon is left to find the difference.
fn as_it_is_now(policy: PolicyFile) -> PolicyFile {
    policy_file::read(policy.path.as_ref()).unwrap_or(policy)
}

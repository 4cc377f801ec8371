//! The user's guide followed word by word, from "Create a policy file" to "Troubleshooting": its
//! files, its commands run by a shell, its output line by line. Where it names a server that
//! nobody ships, a stand-in is found under that name.

#[cfg(test)]
#[path = "guide/folder.rs"]
mod folder;

#[cfg(test)]
#[path = "guide/audit_logs.rs"]
mod audit_logs;
#[cfg(test)]
#[path = "guide/clients.rs"]
mod clients;
#[cfg(test)]
#[path = "guide/footprint.rs"]
mod footprint;
#[cfg(test)]
#[path = "guide/quick_start.rs"]
mod quick_start;
#[cfg(test)]
#[path = "guide/troubleshooting.rs"]
mod troubleshooting;
#[cfg(test)]
#[path = "guide/use_cases.rs"]
mod use_cases;
#[cfg(test)]
#[path = "guide/watching.rs"]
mod watching;
#[cfg(test)]
#[path = "guide/wrapping.rs"]
mod wrapping;

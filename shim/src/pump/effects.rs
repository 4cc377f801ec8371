//! What verdicts ask for, put where it goes.

use super::Pump;
use crate::exchange::{Effect, Sink};

impl Pump {
    pub(super) fn take_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Write(sink, bytes, token) => match sink {
                Sink::Client => self.client_out.push(bytes, Some(token)),
                Sink::Person => self.person_out.push(bytes, Some(token)),
                Sink::Server => match &mut self.server {
                    Some(server) => server.input.push(bytes, Some(token)),
                    None => self.exchange.lost(token),
                },
            },
            Effect::Mirror(number, line) => self.mirror_line(number, &line),
        }
    }

    /// A line that can't be written is not acknowledged: the daemon has it still.
    fn mirror_line(&mut self, number: u64, line: &[u8]) {
        let appended = self
            .mirror
            .as_mut()
            .map_or(Ok(()), |mirror| mirror.append(line));
        match appended {
            Ok(()) => self.exchange.mirrored(number),
            Err(error) if !self.mirror_failed => {
                self.mirror_failed = true;
                self.say(&format!("audit lines are missing from the file: {error}"));
            }
            Err(_) => {}
        }
    }
}

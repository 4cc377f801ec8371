//! Verdicts and their like, as packets.

use super::{Batch, Decided, Effect, Packet, Signal, Stream, Task, Written, encode};

/// The buffer shrinks to this after a large packet, in bytes.
const KEEP: usize = 64 * 1024;

impl Task {
    /// What was recorded may happen now. Returns what may be recorded later.
    pub(super) fn let_go(&mut self, decided: Decided) -> Batch {
        let Decided { frame, judged } = decided;
        for line in &judged.trace {
            self.inject(Stream::Diagnostic, format!("{line}\n").into_bytes());
        }
        for released in judged.released {
            self.verdict(Stream::Client, released.number, released.effect);
        }
        if let Some((stream, number)) = frame {
            self.verdict(stream, number, judged.effect);
        }
        for signal in judged.signals {
            match signal {
                Signal::Asked(approval) => {
                    self.daemon
                        .approvals
                        .asked(*approval, self.answer_to.clone());
                }
                Signal::AskEnded { id, state } => drop(self.daemon.approvals.ended(&id, state)),
                Signal::Granted(grant) => self.daemon.grants.add(*grant),
            }
        }
        judged.later
    }

    /// What could not be recorded does not happen: the last change is taken back first, and then each
    /// frame in its turn hears of it.
    pub(super) fn take_back(&mut self, mut group: Vec<Decided>) {
        let in_force = self.stack.in_force();
        for decided in group.iter_mut().rev() {
            let undo = std::mem::take(&mut decided.judged.undo);
            self.state.undo(&in_force, undo);
        }
        for decided in group {
            self.otherwise(decided);
        }
    }

    fn otherwise(&mut self, decided: Decided) {
        let Decided { frame, judged } = decided;
        for released in judged.released {
            self.verdict(Stream::Client, released.number, released.otherwise);
        }
        for signal in judged.signals {
            if let Signal::AskEnded { id, state } = signal {
                drop(self.daemon.approvals.ended(&id, state));
            }
        }
        if let Some((stream, number)) = frame {
            self.verdict(stream, number, judged.otherwise);
        }
    }

    fn verdict(&mut self, stream: Stream, number: u64, effect: Effect) {
        for request in self.state.over_with(stream, number) {
            let answers = Packet::Answers {
                stream,
                number,
                request,
            };
            encode(&answers, &mut self.out);
        }
        let packet = match effect {
            Effect::AsIs => Packet::AsIs { stream, number },
            Effect::Drop => Packet::Drop { stream, number },
            Effect::Hold => Packet::Hold { stream, number },
            Effect::Bytes { forward, reply } if forward.is_empty() => Packet::Reply {
                stream,
                number,
                bytes: reply,
            },
            Effect::Bytes { forward, reply } => Packet::Bytes {
                stream,
                number,
                forward,
                reply,
            },
        };
        encode(&packet, &mut self.out);
    }

    pub(super) fn inject(&mut self, stream: Stream, bytes: Vec<u8>) {
        self.injected += 1;
        encode(
            &Packet::Inject {
                stream,
                number: self.injected,
                bytes,
            },
            &mut self.out,
        );
    }

    /// Lines for the session's `--audit` file, numbered by their records.
    pub(super) fn mirror(&mut self, written: &[Written]) {
        if self.state.facts.mirror.is_none() {
            return;
        }
        for Written { seq, line } in written {
            if let Some(line) = line {
                let bytes = format!("{line}\n").into_bytes();
                encode(
                    &Packet::Inject {
                        stream: Stream::Audit,
                        number: *seq,
                        bytes,
                    },
                    &mut self.out,
                );
            }
        }
    }

    /// Keeps what the control socket shows of this session up to date.
    pub(super) fn show(&self) {
        if let Some(running) = self.daemon.sessions().get_mut(&self.state.facts.id) {
            running.shown.calls = self.state.calls;
            running.shown.refused = self.state.refused;
        }
    }

    pub(super) async fn flush(&mut self) -> std::io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        self.socket.write_all(&self.out).await?;
        self.out.clear();
        if self.out.capacity() > KEEP {
            self.out = Vec::new();
        }
        Ok(())
    }
}

//! Courses of a session, told in seconds since its start.

use super::*;
use Action::{AnswerRest, CloseInput, Finish, Seek, StopReading, TellExited};
use Ending::{Code, Signal as By};

/// What the loop may know, all well by default.
#[derive(Clone, Copy)]
struct Facts {
    client_decided: bool,
    input_flushed: bool,
    client_flushed: bool,
    server_settled: bool,
    reading_paused: bool,
    link: Standing,
    group_left: bool,
}

const WELL: Facts = Facts {
    client_decided: true,
    input_flushed: true,
    client_flushed: true,
    server_settled: true,
    reading_paused: false,
    link: Standing::Up,
    group_left: false,
};

#[test]
fn a_server_that_exits_is_drained_told_answered_and_mirrored() {
    let mut course = Course::serving();
    course.lifetime.handle_ended(course.at(1.0), Code(3));
    course.is(1.0, WELL, &[]);
    course.lifetime.handle_output_ended();
    course.is(1.1, WELL, &[Seek, TellExited(Code(3))]);
    course.is(2.0, WELL, &[]);
    course.lifetime.handle_session_over();
    course.is(2.1, WELL, &[AnswerRest, AnswerRest, Finish(Code(3))]);
}

#[test]
fn output_held_open_is_waited_for_only_while_it_talks() {
    let mut course = Course::serving();
    course.lifetime.handle_ended(course.at(1.0), Code(0));
    course.lifetime.handle_output(course.at(2.5));
    course.is(4.4, WELL, &[]);
    course.is(4.5, WELL, &[StopReading, Seek, TellExited(Code(0))]);
}

#[test]
fn output_that_waits_for_a_slow_client_is_waited_for_longer() {
    let mut course = Course::serving();
    course.lifetime.handle_ended(course.at(1.0), Code(0));
    let paused = Facts {
        reading_paused: true,
        ..WELL
    };
    course.is(4.0, paused, &[]);
    course.lifetime.handle_progress(course.at(4.0));
    course.is(8.9, paused, &[]);
    course.is(9.0, paused, &[StopReading, Seek, TellExited(Code(0))]);
}

#[test]
fn verdicts_under_way_come_before_the_exit_is_told_but_not_for_ever() {
    let unsettled = Facts {
        server_settled: false,
        ..WELL
    };
    let mut course = Course::drained(Code(0));
    course.is(5.9, unsettled, &[]);
    course.is(6.0, unsettled, &[TellExited(Code(0))]);
    course.is(10.9, WELL, &[]);
    course.is(11.0, WELL, &[AnswerRest, Finish(Code(0))]);
}

#[test]
fn without_a_daemon_at_the_end_the_rest_is_answered_here() {
    let mut course = Course::drained(By(9));
    course.is(
        1.5,
        Facts {
            link: Standing::Trying,
            ..WELL
        },
        &[],
    );
    course.is(
        4.0,
        Facts {
            link: Standing::Down,
            ..WELL
        },
        &[AnswerRest, Finish(By(9))],
    );
}

#[test]
fn a_client_that_does_not_read_is_flushed_to_for_a_while() {
    let full = Facts {
        client_flushed: false,
        ..WELL
    };
    let mut course = Course::drained(Code(0));
    course.lifetime.handle_session_over();
    course.is(1.0, full, &[AnswerRest, AnswerRest]);
    course.lifetime.handle_progress(course.at(3.0));
    course.is(7.9, full, &[]);
    course.is(8.0, full, &[Finish(Code(0))]);
}

#[test]
fn what_is_left_of_the_group_is_asked_then_killed_then_left() {
    let left = Facts {
        group_left: true,
        ..WELL
    };
    let mut course = Course::drained(Code(0));
    course.lifetime.handle_session_over();
    course.is(
        1.0,
        left,
        &[AnswerRest, AnswerRest, Action::Signal(Signal::TERM)],
    );
    course.is(2.9, left, &[]);
    course.is(3.0, left, &[Action::Signal(Signal::KILL)]);
    course.is(4.9, left, &[]);
    course.is(5.0, left, &[Finish(Code(0))]);
}

#[test]
fn after_the_client_leaves_the_input_is_closed_with_the_last_verdict() {
    let mut course = Course::serving();
    course.lifetime.handle_client_left();
    course.is(
        30.0,
        Facts {
            client_decided: false,
            ..WELL
        },
        &[],
    );
    course.is(
        31.0,
        Facts {
            input_flushed: false,
            ..WELL
        },
        &[],
    );
    course.is(32.0, WELL, &[CloseInput]);
    course.is(40.9, WELL, &[]);
    course.is(41.0, WELL, &[Action::Signal(Signal::TERM)]);
    course.is(42.9, WELL, &[]);
    course.is(43.0, WELL, &[Action::Signal(Signal::KILL)]);
    course.is(48.0, WELL, &[Finish(By(9))]);
}

#[test]
fn a_server_that_still_talks_after_the_client_left_has_its_time_anew() {
    let mut course = Course::serving();
    course.lifetime.handle_client_left();
    course.is(1.0, WELL, &[CloseInput]);
    course.lifetime.handle_output(course.at(8.0));
    course.is(17.9, WELL, &[]);
    course.is(18.0, WELL, &[Action::Signal(Signal::TERM)]);
}

#[test]
fn a_server_talking_to_nobody_has_not() {
    let mut course = Course::serving();
    course.lifetime.handle_client_gone();
    course.is(1.0, WELL, &[CloseInput]);
    course.lifetime.handle_output(course.at(8.0));
    course.is(11.0, WELL, &[Action::Signal(Signal::TERM)]);
}

#[test]
fn a_server_that_reads_nothing_is_asked_to_end_all_the_same() {
    let full = Facts {
        input_flushed: false,
        ..WELL
    };
    let mut course = Course::serving();
    course.lifetime.handle_client_left();
    course.is(1.0, full, &[]);
    course.is(11.0, full, &[CloseInput, Action::Signal(Signal::TERM)]);
}

#[test]
fn a_signal_is_passed_on_and_a_second_kills() {
    let mut course = Course::serving();
    course.lifetime.handle_signal(course.at(1.0), Signal::INT);
    course.is(1.0, WELL, &[Action::Signal(Signal::INT), CloseInput]);
    course.is(2.9, WELL, &[]);
    course.lifetime.handle_signal(course.at(2.9), Signal::TERM);
    course.is(2.9, WELL, &[Action::Signal(Signal::KILL)]);
    course.lifetime.handle_ended(course.at(2.95), By(9));
    course.is(2.95, WELL, &[StopReading, Seek, AnswerRest, Finish(By(9))]);
}

#[test]
fn a_signal_before_the_server_runs_ends_us_by_it() {
    let mut course = Course::new();
    course.lifetime.handle_signal(course.at(1.0), Signal::HUP);
    course.is(1.0, WELL, &[Finish(By(1))]);
}

#[test]
fn a_client_that_leaves_before_the_server_runs_is_answered_first() {
    let mut course = Course::new();
    course.lifetime.handle_client_left();
    course.is(
        1.0,
        Facts {
            link: Standing::Trying,
            client_decided: false,
            ..WELL
        },
        &[],
    );
    let down = Facts {
        link: Standing::Down,
        ..WELL
    };
    course.is(
        4.0,
        Facts {
            client_flushed: false,
            ..down
        },
        &[],
    );
    course.is(4.1, down, &[Finish(Code(1))]);
}

#[test]
fn an_ended_session_ends_the_server_soon() {
    let mut course = Course::serving();
    course.lifetime.handle_session_over();
    course.is(1.0, WELL, &[AnswerRest, CloseInput]);
    course.is(3.0, WELL, &[Action::Signal(Signal::TERM)]);
    course.lifetime.handle_ended(course.at(3.1), By(15));
    course.lifetime.handle_output_ended();
    course.is(3.1, WELL, &[Seek, AnswerRest, Finish(By(15))]);
}

#[test]
fn output_closed_by_a_living_server_changes_nothing() {
    let mut course = Course::serving();
    course.lifetime.handle_output_ended();
    course.is(60.0, WELL, &[]);
}

struct Course {
    start: Instant,
    lifetime: Lifetime,
}

impl Course {
    fn new() -> Self {
        let start = Instant::now();
        Self {
            start,
            lifetime: Lifetime::new(start),
        }
    }

    fn serving() -> Self {
        let mut course = Self::new();
        course.lifetime.handle_started(course.start);
        course
    }

    /// The server has ended after one second, and its output with it.
    fn drained(ending: Ending) -> Self {
        let mut course = Self::serving();
        course.lifetime.handle_output_ended();
        course.lifetime.handle_ended(course.at(1.0), ending);
        course.is(
            1.0,
            Facts {
                link: Standing::Trying,
                ..WELL
            },
            &[Seek],
        );
        course
    }

    fn at(&self, seconds: f64) -> Instant {
        self.start + Duration::from_secs_f64(seconds)
    }

    /// Exactly these actions are due then; and unless it ends, the clock wakes it in time.
    fn is(&mut self, seconds: f64, facts: Facts, want: &[Action]) {
        let now = self.at(seconds);
        let group_left = || facts.group_left;
        let view = View {
            client_decided: facts.client_decided,
            input_flushed: facts.input_flushed,
            client_flushed: facts.client_flushed,
            server_settled: facts.server_settled,
            reading_paused: facts.reading_paused,
            link: facts.link,
            group_left: &group_left,
        };
        let mut got = Vec::new();
        while let Some(action) = self.lifetime.poll(now, &view) {
            got.push(action);
            if matches!(action, Finish(_)) {
                break;
            }
        }
        assert_eq!(got, want, "at {seconds}");
        let deadline = self.lifetime.deadline(now, &view);
        let finished = matches!(got.last(), Some(Finish(_)));
        assert!(
            finished || deadline.is_none_or(|at| at > now),
            "it would spin at {seconds}"
        );
    }
}

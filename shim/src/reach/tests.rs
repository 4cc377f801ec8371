//! Attempts told by the clock.

use super::*;

#[test]
fn it_tries_at_once_then_ever_more_slowly_and_gives_up_in_time() {
    let start = Instant::now();
    let mut reach = Reach::new(start);
    let mut tries = Vec::new();
    let mut now = start;
    let end = loop {
        match reach.poll(now) {
            Some(Next::Connect) => tries.push((now - start).as_millis()),
            Some(Next::GiveUp) => break now - start,
            Some(Next::Leave) => panic!("there is nothing to leave"),
            None => now = reach.deadline().unwrap(),
        }
    };
    assert_eq!(tries.get(..8), Some(&[0, 5, 15, 35, 75, 155, 315, 515][..]));
    assert_eq!(end, BOUND);
    assert_eq!(reach.standing(), Standing::Down);
    assert_eq!(reach.deadline(), None);
}

#[test]
fn a_daemon_that_connects_but_never_answers_is_given_up_within_the_same_bound() {
    let start = Instant::now();
    let mut reach = Reach::new(start);
    assert_eq!(reach.poll(start), Some(Next::Connect));
    reach.handle_connected();
    assert_eq!(reach.poll(start + BOUND - PAUSE), None);
    reach.handle_lost(start + BOUND - PAUSE);
    assert_eq!(reach.poll(start + BOUND), Some(Next::GiveUp));
}

#[test]
fn a_lost_daemon_is_tried_again_at_once_with_a_bound_of_its_own() {
    let start = Instant::now();
    let mut reach = Reach::new(start);
    reach.handle_connected();
    reach.handle_welcome();
    assert_eq!((reach.standing(), reach.deadline()), (Standing::Up, None));
    let later = start + BOUND * 3;
    reach.handle_lost(later);
    assert_eq!(reach.poll(later), Some(Next::Connect));
}

#[test]
fn frames_begin_a_new_attempt_at_most_once_a_second() {
    let start = Instant::now();
    let mut reach = Reach::new(start);
    assert_eq!(reach.poll(start + BOUND), Some(Next::GiveUp));
    reach.handle_wanted(start + BOUND + PAUSE / 2);
    assert_eq!(reach.standing(), Standing::Down);
    reach.handle_wanted(start + BOUND + PAUSE);
    assert_eq!(reach.poll(start + BOUND + PAUSE), Some(Next::Connect));
}

#[test]
fn while_the_servers_frames_wait_it_tries_again_now_and_then() {
    let start = Instant::now();
    let mut reach = Reach::new(start);
    let down = start + BOUND;
    assert_eq!(reach.poll(down), Some(Next::GiveUp));
    reach.handle_work(down, false, false);
    assert_eq!((reach.poll(down + AGAIN), reach.deadline()), (None, None));
    reach.handle_work(down, false, true);
    assert_eq!(reach.poll(down + AGAIN / 2), None);
    assert_eq!(reach.poll(reach.deadline().unwrap()), Some(Next::Connect));
}

#[test]
fn a_daemon_that_owes_a_verdict_and_says_nothing_is_left() {
    let start = Instant::now();
    let mut reach = Reach::new(start);
    reach.handle_connected();
    reach.handle_welcome();
    reach.handle_work(start, true, false);
    assert_eq!(reach.poll(start + STUCK / 2), None);
    reach.handle_heard(start + STUCK / 2);
    reach.handle_work(start + STUCK, true, false);
    assert_eq!(reach.poll(start + STUCK), None);
    assert_eq!(reach.poll(start + STUCK / 2 + STUCK), Some(Next::Leave));
    reach.handle_work(start, false, false);
    assert_eq!(reach.deadline(), None, "nothing is owed");
}

#[test]
fn an_ended_session_is_not_tried_for() {
    let start = Instant::now();
    let mut reach = Reach::new(start);
    reach.handle_over();
    reach.handle_lost(start);
    reach.handle_wanted(start + BOUND);
    assert_eq!(
        (reach.poll(start + BOUND), reach.standing()),
        (None, Standing::Down)
    );
}

#[test]
fn the_daemon_is_not_started_twice_in_a_moment() {
    let start = Instant::now();
    let mut reach = Reach::new(start);
    assert!(reach.handle_nobody(start));
    assert!(!reach.handle_nobody(start + BETWEEN_STARTS / 2));
    assert!(reach.handle_nobody(start + BETWEEN_STARTS));
}

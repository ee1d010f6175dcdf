//! Visits every state of the gate's state machine with every input: all sets of causes, complete or not, standing or not, with
//! and without a reset. What must hold is checked on every transition.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use decision::causes::{CAUSES, Cause, CauseSet, Reaction};
use decision::machine::{Input, Machine, Mode, ResetAnswer, Source};

fn key(machine: &Machine) -> (Mode, bool, Option<usize>) {
    (machine.mode(), machine.latched(), machine.root().map(|c| c as usize))
}

fn inputs() -> impl Iterator<Item = Input> {
    (0..1_u32 << Cause::COUNT).flat_map(|bits| {
        [(false, false), (false, true), (true, false), (true, true)].map(|(complete, standing)| Input {
            complete,
            present: CauseSet::from_bits(bits),
            standing,
        })
    })
}

/// What must hold when `input` leads from one state to the next.
fn check_step(before: &Machine, input: &Input, after: &Machine) {
    let what = || format!("{before:?} -- {input:?} --> {after:?}");
    // SM-1: nothing drives while latched or starting, nor while a cause is present that demands a stop.
    assert!(!(after.may_drive() && after.latched()), "SM-1 {}", what());
    let stop = input.present.reaction().is_some_and(|r| r > Reaction::Slow);
    assert!(!(after.may_drive() && stop), "SM-1 {}", what());
    assert!(after.may_drive() == matches!(after.mode(), Mode::Nominal | Mode::Slow), "SM-1 {}", what());
    // SM-2: while it moves, the ladder only climbs.
    let ladder = [Mode::ComfortStop, Mode::EmergencyStop];
    if !input.standing && ladder.contains(&before.mode()) {
        assert!(after.mode() >= before.mode() && after.mode() != Mode::Stopped, "SM-2 {}", what());
    }
    // SM-3: a latch stays, and so does its root cause; only a reset opens it.
    if before.latched() {
        assert!(after.latched() && after.root() == before.root(), "SM-3 {}", what());
    }
    assert!(!after.latched() || after.root().is_some_and(|c| c.row().latches), "SM-3 {}", what());
    // SM-4: the emergency stop wins within the step.
    if input.present.contains(Cause::EmergencyStop) {
        let stopped = matches!(after.mode(), Mode::EmergencyStop | Mode::Stopped);
        assert!(stopped && after.latched() && after.source() == Source::Emergency, "SM-4 {}", what());
    }
    // SM-5: every cause has at least its reaction, but for what is missing at the start.
    if before.mode() != Mode::Starting
        && let Some(reaction) = input.present.reaction()
    {
        let least = match reaction {
            Reaction::Slow => Mode::Slow,
            Reaction::ComfortStop => Mode::ComfortStop,
            Reaction::EmergencyStop => Mode::EmergencyStop,
        };
        assert!(after.mode() >= least, "SM-5 {}", what());
        let latches = input.present.iter().any(|c| c.row().latches);
        assert!(after.latched() || !latches, "SM-5 {}", what());
    }
    // SM-6: it leaves the start only when everything is there.
    if before.mode() == Mode::Starting && after.may_drive() {
        assert!(input.complete && !stop, "SM-6 {}", what());
    }
    // SM-7: "stopped" is said only of a vehicle that stands.
    assert!(after.mode() != Mode::Stopped || (input.standing && after.latched()), "SM-7 {}", what());
    // SM-8: a cause is named whenever something is held back.
    assert!(after.mode() <= Mode::Nominal || after.root().is_some(), "SM-8 {}", what());
}

fn check_reset(before: &Machine, input: &Input) -> Machine {
    let mut after = *before;
    let answer = after.reset(input);
    let stop = input.present.iter().any(|c| c.row().reaction > Reaction::Slow);
    // SM-9: a reset succeeds exactly while latched, standing and without a cause; else it changes nothing.
    let may = before.latched() && input.standing && !stop;
    assert_eq!(answer == ResetAnswer::Done, may, "SM-9 {before:?} {input:?} {answer:?}");
    if may {
        // SM-10: no dead end: then the next step drives on.
        let mut next = after;
        next.step(Input { complete: true, present: CauseSet::EMPTY, standing: true });
        assert_eq!(next.mode(), Mode::Nominal, "SM-10 {before:?}");
    } else {
        assert_eq!(after, *before, "SM-9");
    }
    after
}

#[test]
fn all_states_with_all_inputs_keep_the_invariants() {
    let mut reached = BTreeSet::new();
    let mut open = vec![Machine::default()];
    reached.insert(key(&open[0]));
    let mut transitions = 0_u64;
    while let Some(machine) = open.pop() {
        for input in inputs() {
            let mut after = machine;
            after.step(input);
            check_step(&machine, &input, &after);
            // A reset comes after the step that its input is from.
            let reset = check_reset(&after, &input);
            transitions += 2;
            for next in [after, reset] {
                if reached.insert(key(&next)) {
                    open.push(next);
                }
            }
        }
    }
    println!("{} states, {transitions} transitions, {} causes", reached.len(), Cause::COUNT);
    for mode in
        [Mode::Starting, Mode::Nominal, Mode::Slow, Mode::ComfortStop, Mode::EmergencyStop, Mode::Stopped]
    {
        assert!(reached.iter().any(|k| k.0 == mode), "{mode:?} is never reached");
    }
    for row in CAUSES.iter().filter(|row| row.cause != Cause::StopIneffective) {
        assert!(reached.iter().any(|k| k.2 == Some(row.cause as usize)), "{} is never the root", row.id);
    }
}

#[test]
fn without_causes_every_state_comes_to_a_stand_or_drives_and_every_stand_can_be_left() {
    // SM-10: with the causes gone, standing and at most one reset every state leads to nominal.
    let calm = Input { complete: true, present: CauseSet::EMPTY, standing: true };
    for bits in 0..1 << Cause::COUNT {
        let mut machine = Machine::default();
        machine.step(calm);
        machine.step(Input { present: CauseSet::from_bits(bits), standing: false, ..calm });
        machine.step(calm);
        if machine.latched() {
            assert_eq!(machine.reset(&calm), ResetAnswer::Done);
            machine.step(calm);
        }
        assert_eq!(machine.mode(), Mode::Nominal, "{bits:b}");
    }
}

#[test]
fn what_only_avoids_a_collision_ends_at_a_stand_and_by_itself() {
    let mut obstacle = CauseSet::EMPTY;
    obstacle.set(Cause::ObstacleInPath, true);
    let mut machine = Machine::default();
    let calm = Input { complete: true, ..Input::default() };
    machine.step(calm);
    machine.step(Input { present: obstacle, ..calm });
    assert_eq!((machine.mode(), machine.root()), (Mode::EmergencyStop, Some(Cause::ObstacleInPath)));
    machine.step(calm);
    assert_eq!(machine.mode(), Mode::EmergencyStop, "it does not let go while it moves");
    machine.step(Input { present: obstacle, standing: true, ..calm });
    assert_eq!((machine.mode(), machine.latched()), (Mode::EmergencyStop, false));
    machine.step(Input { standing: true, ..calm });
    assert_eq!((machine.mode(), machine.root()), (Mode::Nominal, None));
}

#[test]
fn sources_are_ranked() {
    use Source::{Autonomy, Emergency, Manual, OperatorStop, RemoteAssist};
    let ranked = [Autonomy, Manual, RemoteAssist, OperatorStop, Emergency];
    for (i, strong) in ranked.iter().enumerate() {
        assert_eq!(Source::select(ranked[..=i].iter().copied()), *strong);
    }
    assert_eq!(Source::select([]), Source::None);
}

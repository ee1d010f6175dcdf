//! The state machine of the gate: no time, no numbers, no inputs but the causes. `tests/model.rs` visits all of its states
//! with all inputs.

use crate::causes::{Cause, CauseSet, Reaction};

/// What the gate does, as in `safety_msgs/SafetyState`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// Not everything is there yet: the vehicle is held.
    #[default]
    Starting,
    /// The source drives.
    Nominal,
    /// The source drives, slowly.
    Slow,
    /// A comfortable stop.
    ComfortStop,
    /// An emergency stop; also a stand that ends by itself when its cause goes.
    EmergencyStop,
    /// Stands, latched.
    Stopped,
}

/// Whose wish reaches the actuators, weakest first. Remote assist, manual fallback and an operator's comfortable stop have no
/// input yet; their place is fixed all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// Nobody's.
    #[default]
    None,
    /// The driving stack.
    Autonomy,
    /// A driver on board.
    Manual,
    /// A remote operator's assistance.
    RemoteAssist,
    /// An operator's comfortable stop.
    OperatorStop,
    /// The gate's own: every minimal-risk manoeuvre, and the emergency stop.
    Emergency,
}

impl Source {
    /// The one of those present that counts.
    pub fn select(present: impl IntoIterator<Item = Self>) -> Self {
        present.into_iter().max().unwrap_or_default()
    }
}

/// What the machine is told in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// All inputs have come at least once.
    pub complete: bool,
    /// The causes present now; the emergency stop in the step in which it is called.
    pub present: CauseSet,
    /// The vehicle is known to stand.
    pub standing: bool,
}

/// How a reset went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetAnswer {
    /// The latch is open.
    Done,
    /// There is no latch.
    NotLatched,
    /// Not while it moves.
    Moving,
    /// Not while this lasts.
    Lasts(Cause),
}

/// The machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Machine {
    mode: Mode,
    latched: bool,
    root: Option<Cause>,
}

impl Machine {
    /// What it does now.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether only a reset leads on.
    pub fn latched(&self) -> bool {
        self.latched
    }

    /// What the present mode comes from.
    pub fn root(&self) -> Option<Cause> {
        self.root
    }

    /// Whether the source's wish to drive may pass.
    pub fn may_drive(&self) -> bool {
        matches!(self.mode, Mode::Nominal | Mode::Slow)
    }

    /// Whose wish reaches the actuators.
    pub fn source(&self) -> Source {
        match self.mode {
            Mode::Starting => Source::None,
            Mode::Nominal | Mode::Slow => Source::select([Source::Autonomy]),
            Mode::ComfortStop | Mode::EmergencyStop | Mode::Stopped => Source::Emergency,
        }
    }

    /// One step.
    pub fn step(&mut self, input: Input) {
        self.latch(&input);
        self.mode = self.next(&input);
        match self.mode {
            Mode::Starting | Mode::Nominal => self.root = None,
            Mode::Slow => self.root = input.present.iter().next(),
            Mode::ComfortStop | Mode::EmergencyStop | Mode::Stopped => {}
        }
    }

    /// `/safety/reset` is called in the step of `input`. If it is done, the machine begins anew: the next step drives on if all
    /// is well.
    pub fn reset(&mut self, input: &Input) -> ResetAnswer {
        if !self.latched {
            ResetAnswer::NotLatched
        } else if !input.standing {
            ResetAnswer::Moving
        } else if let Some(cause) = input.present.iter().find(|c| c.row().reaction > Reaction::Slow) {
            ResetAnswer::Lasts(cause)
        } else {
            *self = Self::default();
            ResetAnswer::Done
        }
    }

    /// The first cause of a stop is its root; one that latches takes the place of one that does not.
    fn latch(&mut self, input: &Input) {
        if self.latched {
            return;
        }
        // While starting only the operator's word counts: what is missing is not a fault yet.
        let mut causes = input.present;
        if self.mode == Mode::Starting {
            causes = CauseSet::EMPTY;
            causes.set(Cause::EmergencyStop, input.present.contains(Cause::EmergencyStop));
        }
        if let Some(latching) = causes.iter().find(|cause| cause.row().latches) {
            (self.latched, self.root) = (true, Some(latching));
        } else if !self.stopping() {
            let strongest = causes.reaction();
            self.root = causes.iter().find(|cause| Some(cause.row().reaction) == strongest);
        }
    }

    fn stopping(&self) -> bool {
        matches!(self.mode, Mode::ComfortStop | Mode::EmergencyStop)
    }

    fn next(&self, input: &Input) -> Mode {
        let wanted = match input.present.reaction() {
            None => Mode::Nominal,
            Some(Reaction::Slow) => Mode::Slow,
            Some(Reaction::ComfortStop) => Mode::ComfortStop,
            Some(Reaction::EmergencyStop) => Mode::EmergencyStop,
        };
        if self.latched {
            // Rolling out of a stand is braked hard.
            let climb = match self.mode {
                Mode::Stopped => Mode::EmergencyStop,
                mode => mode.max(wanted).max(Mode::ComfortStop),
            };
            return if input.standing { Mode::Stopped } else { climb };
        }
        match self.mode {
            Mode::Starting if input.complete && wanted <= Mode::Slow => wanted,
            Mode::Starting => Mode::Starting,
            Mode::ComfortStop | Mode::EmergencyStop if !input.standing => self.mode.max(wanted),
            _ => wanted,
        }
    }
}

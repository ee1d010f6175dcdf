//! The states of a managed node and what leads from one to another, as `rcl_lifecycle` has them
//! (`default_state_machine.c`; <https://design.ros2.org/articles/node_lifecycle.html>).

use crate::node::Transition;

/// A state; the numbers are those of `lifecycle_msgs/msg/State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    Unknown = 0,
    Unconfigured = 1,
    Inactive = 2,
    Active = 3,
    Finalized = 4,
    Configuring = 10,
    CleaningUp = 11,
    ShuttingDown = 12,
    Activating = 13,
    Deactivating = 14,
    ErrorProcessing = 15,
}

use State::*;

impl State {
    /// All of them, in the order of `rcl_lifecycle`.
    pub const ALL: [Self; 11] = [
        Unknown,
        Unconfigured,
        Inactive,
        Active,
        Finalized,
        Configuring,
        CleaningUp,
        ShuttingDown,
        Activating,
        Deactivating,
        ErrorProcessing,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Unknown => "unknown",
            Unconfigured => "unconfigured",
            Inactive => "inactive",
            Active => "active",
            Finalized => "finalized",
            Configuring => "configuring",
            CleaningUp => "cleaningup",
            ShuttingDown => "shuttingdown",
            Activating => "activating",
            Deactivating => "deactivating",
            ErrorProcessing => "errorprocessing",
        }
    }
}

/// A way from one state to another; the ids are those of `lifecycle_msgs/msg/Transition`.
#[derive(Debug, PartialEq, Eq)]
pub struct Edge {
    pub id: u8,
    pub label: &'static str,
    pub start: State,
    pub goal: State,
}

const fn edge(id: u8, label: &'static str, start: State, goal: State) -> Edge {
    Edge { id, label, start, goal }
}

const SUCCESS: &str = "transition_success";
const FAILURE: &str = "transition_failure";
const ERROR: &str = "transition_error";

/// All ways, in the order of `rcl_lifecycle`.
pub static GRAPH: [Edge; 25] = [
    edge(1, "configure", Unconfigured, Configuring),
    edge(10, SUCCESS, Configuring, Inactive),
    edge(11, FAILURE, Configuring, Unconfigured),
    edge(12, ERROR, Configuring, ErrorProcessing),
    edge(2, "cleanup", Inactive, CleaningUp),
    edge(20, SUCCESS, CleaningUp, Unconfigured),
    edge(21, FAILURE, CleaningUp, Inactive),
    edge(22, ERROR, CleaningUp, ErrorProcessing),
    edge(3, "activate", Inactive, Activating),
    edge(30, SUCCESS, Activating, Active),
    edge(31, FAILURE, Activating, Inactive),
    edge(32, ERROR, Activating, ErrorProcessing),
    edge(4, "deactivate", Active, Deactivating),
    edge(40, SUCCESS, Deactivating, Inactive),
    edge(41, FAILURE, Deactivating, Active),
    edge(42, ERROR, Deactivating, ErrorProcessing),
    edge(5, "shutdown", Unconfigured, ShuttingDown),
    edge(6, "shutdown", Inactive, ShuttingDown),
    edge(7, "shutdown", Active, ShuttingDown),
    edge(50, SUCCESS, ShuttingDown, Finalized),
    edge(51, FAILURE, ShuttingDown, Finalized),
    edge(52, ERROR, ShuttingDown, ErrorProcessing),
    edge(60, SUCCESS, ErrorProcessing, Unconfigured),
    edge(61, FAILURE, ErrorProcessing, Finalized),
    edge(62, ERROR, ErrorProcessing, Finalized),
];

/// How the node took a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It made it.
    Success,
    /// It refused.
    Failure,
    /// It failed on the way, and its state is not known.
    Error,
}

/// The state of one node.
#[derive(Debug)]
pub struct Machine {
    state: State,
}

impl Machine {
    pub fn new() -> Self {
        Self { state: Unconfigured }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// What leads out of the present state.
    pub fn available(&self) -> impl Iterator<Item = &'static Edge> + use<> {
        let state = self.state;
        GRAPH.iter().filter(move |e| e.start == state)
    }

    /// Starts the transition of that label or, if it is empty, that id: as in `rclcpp` the label goes first. `None` if
    /// the present state does not have it.
    pub fn begin(&mut self, id: u8, label: &str) -> Option<(&'static Edge, Transition)> {
        let wanted = |e: &&Edge| if label.is_empty() { e.id == id } else { e.label == label };
        let edge = self.available().find(wanted)?;
        let transition = match edge.goal {
            Configuring => Transition::Configure,
            CleaningUp => Transition::Cleanup,
            Activating => Transition::Activate,
            Deactivating => Transition::Deactivate,
            ShuttingDown => Transition::Shutdown,
            // The other ways are taken by `end` only.
            _ => return None,
        };
        self.state = edge.goal;
        Some((edge, transition))
    }

    /// Ends the transition under way: the ways that were taken. After an error there is one more step: the node can't
    /// repair itself, so error processing fails and the node is finalized.
    pub fn end(&mut self, outcome: Outcome) -> Vec<&'static Edge> {
        let mut taken = vec![];
        let label = match outcome {
            Outcome::Success => SUCCESS,
            Outcome::Failure => FAILURE,
            Outcome::Error => ERROR,
        };
        self.follow(label, &mut taken);
        if self.state == ErrorProcessing {
            self.follow(FAILURE, &mut taken);
        }
        taken
    }

    fn follow(&mut self, label: &str, taken: &mut Vec<&'static Edge>) {
        if let Some(edge) = self.available().find(|e| e.label == label) {
            self.state = edge.goal;
            taken.push(edge);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIMARY: [State; 4] = [Unconfigured, Inactive, Active, Finalized];

    /// Start, id, label, transition of the node, then the state after success, failure and error.
    type Row = (State, u8, &'static str, Transition, [State; 3]);

    const TABLE: [Row; 7] = [
        (Unconfigured, 1, "configure", Transition::Configure, [Inactive, Unconfigured, Finalized]),
        (Inactive, 2, "cleanup", Transition::Cleanup, [Unconfigured, Inactive, Finalized]),
        (Inactive, 3, "activate", Transition::Activate, [Active, Inactive, Finalized]),
        (Active, 4, "deactivate", Transition::Deactivate, [Inactive, Active, Finalized]),
        (Unconfigured, 5, "shutdown", Transition::Shutdown, [Finalized, Finalized, Finalized]),
        (Inactive, 6, "shutdown", Transition::Shutdown, [Finalized, Finalized, Finalized]),
        (Active, 7, "shutdown", Transition::Shutdown, [Finalized, Finalized, Finalized]),
    ];

    #[test]
    fn the_whole_table() {
        for start in State::ALL {
            for id in 0..=255 {
                let row = TABLE.iter().find(|r| r.0 == start && r.1 == id);
                for (outcome, at) in [(Outcome::Success, 0), (Outcome::Failure, 1), (Outcome::Error, 2)] {
                    let mut machine = Machine { state: start };
                    let begun = machine.begin(id, "").map(|(edge, t)| (edge.id, t));
                    assert_eq!(begun, row.map(|r| (r.1, r.3)), "{start:?} {id}");
                    let Some(row) = row else {
                        assert_eq!(machine.state(), start);
                        continue;
                    };
                    assert!(!PRIMARY.contains(&machine.state()));
                    let taken = machine.end(outcome);
                    assert_eq!(machine.state(), row.4[at], "{start:?} {id} {outcome:?}");
                    assert_eq!(taken.len(), if outcome == Outcome::Error { 2 } else { 1 });
                    assert_eq!(taken.last().map(|e| e.goal), Some(machine.state()));
                }
            }
        }
    }

    #[test]
    fn labels_go_before_ids() {
        for start in State::ALL {
            for label in
                ["configure", "cleanup", "activate", "deactivate", "shutdown", SUCCESS, FAILURE, ERROR, "x"]
            {
                let row = TABLE.iter().find(|r| r.0 == start && r.2 == label);
                let mut machine = Machine { state: start };
                // The id is that of another transition, or none.
                assert_eq!(
                    machine.begin(1, label).map(|(edge, _)| edge.id),
                    row.map(|r| r.1),
                    "{start:?} {label}"
                );
            }
        }
    }

    #[test]
    fn ids_of_the_graph_are_those_of_ros() {
        let ids: Vec<u8> = GRAPH.iter().map(|e| e.id).collect();
        let expected =
            [1, 10, 11, 12, 2, 20, 21, 22, 3, 30, 31, 32, 4, 40, 41, 42, 5, 6, 7, 50, 51, 52, 60, 61, 62];
        assert_eq!(ids, expected);
        // The last digit says how it went, and the goal of each transition's end has one way per outcome.
        for edge in GRAPH.iter().filter(|e| e.id >= 10) {
            assert_eq!([SUCCESS, FAILURE, ERROR][usize::from(edge.id % 10)], edge.label);
        }
        let ids: Vec<u8> = State::ALL.iter().map(|s| *s as u8).collect();
        assert_eq!(ids, [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15]);
    }
}

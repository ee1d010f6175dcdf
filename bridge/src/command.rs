//! Which commands are executed: each at most once, however often, late or out of order it is delivered. Pure.

use std::collections::VecDeque;

use bridge_proto::PROTOCOL_VERSION;
use bridge_proto::v1::command_ack::Result as AckResult;
use bridge_proto::v1::{Command, CommandAck};

/// Commands that are remembered. What is older is refused by its sequence.
const REMEMBERED: usize = 1024;

/// What to do with a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Execute it, then call [`Commands::done`].
    Execute,
    /// It is being executed: answer when that is done.
    Executing,
    /// It was answered before, or it is refused: answer this.
    Answer(CommandAck),
}

/// The commands of one session.
#[derive(Debug)]
pub struct Commands {
    session_id: [u8; 16],
    highest_sequence: u64,
    /// By arrival; without an acknowledgement while it is being executed.
    known: VecDeque<(Vec<u8>, Option<CommandAck>)>,
}

impl Commands {
    /// None yet.
    pub fn new(session_id: [u8; 16]) -> Self {
        Self { session_id, highest_sequence: 0, known: VecDeque::new() }
    }

    /// A command has arrived. `cloud_now_unix_ns` is what the cloud's clock shows now, as far as it is known;
    /// `now_unix_ns` the vehicle's.
    pub fn arrived(
        &mut self,
        command: &Command,
        cloud_now_unix_ns: Option<u64>,
        now_unix_ns: u64,
    ) -> Verdict {
        let answer = |result: AckResult, message: &str| CommandAck {
            command_id: command.command_id.clone(),
            result: result.into(),
            message: message.into(),
            received_at_unix_ns: now_unix_ns,
            executed_at_unix_ns: 0,
        };
        if command.protocol_version != PROTOCOL_VERSION {
            let message = format!("this bridge speaks version {PROTOCOL_VERSION} of the protocol");
            return Verdict::Answer(answer(AckResult::Unsupported, &message));
        }
        if command.command_id.len() != 16 {
            return Verdict::Answer(answer(AckResult::Rejected, "command_id is not 16 bytes"));
        }
        if command.session_id != self.session_id {
            return Verdict::Answer(answer(AckResult::Replayed, "it is for another session of this vehicle"));
        }
        if let Some((_, known)) = self.known.iter().find(|(id, _)| *id == command.command_id) {
            return known.clone().map_or(Verdict::Executing, Verdict::Answer);
        }
        if command.sequence <= self.highest_sequence {
            return Verdict::Answer(answer(AckResult::Replayed, "a later command has been seen before"));
        }
        self.highest_sequence = command.sequence;
        let refusal = match (&command.body, cloud_now_unix_ns) {
            (None, _) => Some(answer(AckResult::Unsupported, "this bridge does not know such a command")),
            (_, None) => Some(answer(AckResult::Expired, "the cloud's clock is not known yet")),
            (_, Some(now)) => {
                is_expired(command, now).then(|| answer(AckResult::Expired, "it came too late"))
            }
        };
        while self.known.len() >= REMEMBERED {
            self.known.pop_front();
        }
        self.known.push_back((command.command_id.clone(), refusal.clone()));
        refusal.map_or(Verdict::Execute, Verdict::Answer)
    }

    /// A command has been executed, or refused by whom it is for.
    pub fn done(&mut self, ack: &CommandAck) {
        if let Some((_, known)) = self.known.iter_mut().find(|(id, _)| *id == ack.command_id) {
            *known = Some(ack.clone());
        }
    }
}

fn is_expired(command: &Command, cloud_now_unix_ns: u64) -> bool {
    let ttl_ns = u64::from(command.ttl_ms) * 1_000_000;
    cloud_now_unix_ns > command.issued_at_unix_ns.saturating_add(ttl_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_proto::v1::{EmergencyStop, command::Body};
    use proptest::prelude::*;
    use std::collections::{HashMap, HashSet};

    const SESSION: [u8; 16] = [9; 16];
    const MS: u64 = 1_000_000;

    fn command(id: u8, sequence: u64) -> Command {
        Command {
            protocol_version: PROTOCOL_VERSION,
            command_id: vec![id; 16],
            session_id: SESSION.to_vec(),
            sequence,
            issued_at_unix_ns: 1_000 * MS,
            ttl_ms: 500,
            body: Some(Body::EmergencyStop(EmergencyStop::default())),
            ..Command::default()
        }
    }

    fn executed(id: u8) -> CommandAck {
        CommandAck { command_id: vec![id; 16], result: AckResult::Executed.into(), ..CommandAck::default() }
    }

    fn result(verdict: Verdict) -> Option<AckResult> {
        match verdict {
            Verdict::Answer(ack) => Some(ack.result()),
            _ => None,
        }
    }

    #[test]
    fn the_same_again_gets_the_same_answer() {
        let mut commands = Commands::new(SESSION);
        let now = Some(1_100 * MS);
        assert_eq!(commands.arrived(&command(1, 5), now, 0), Verdict::Execute);
        assert_eq!(commands.arrived(&command(1, 5), now, 0), Verdict::Executing);
        commands.done(&executed(1));
        assert_eq!(commands.arrived(&command(1, 5), now, 0), Verdict::Answer(executed(1)));
        // Sent again later, with a new sequence, when it would long have expired.
        assert_eq!(commands.arrived(&command(1, 9), Some(u64::MAX), 0), Verdict::Answer(executed(1)));
        assert_eq!(result(commands.arrived(&command(2, 5), now, 0)), Some(AckResult::Replayed));
        assert_eq!(result(commands.arrived(&command(2, 4), now, 0)), Some(AckResult::Replayed));
        assert_eq!(commands.arrived(&command(2, 6), now, 0), Verdict::Execute);
    }

    #[test]
    fn what_is_late_for_another_session_or_unknown_is_refused() {
        let mut commands = Commands::new(SESSION);
        let mut of = |command: &Command, now| result(commands.arrived(command, now, 0));
        assert_eq!(of(&command(1, 1), Some(1_501 * MS)), Some(AckResult::Expired));
        assert_eq!(of(&command(1, 2), Some(1_000 * MS)), Some(AckResult::Expired), "it stays so");
        assert_eq!(of(&command(2, 3), None), Some(AckResult::Expired));
        assert_eq!(of(&command(3, 4), Some(1_500 * MS)), None);
        let other = Command { session_id: vec![1; 16], ..command(4, 5) };
        assert_eq!(of(&other, Some(MS)), Some(AckResult::Replayed));
        let unknown = Command { body: None, ..command(5, 6) };
        assert_eq!(of(&unknown, Some(MS)), Some(AckResult::Unsupported));
        let newer = Command { protocol_version: 2, ..command(6, 7) };
        assert_eq!(of(&newer, Some(MS)), Some(AckResult::Unsupported));
        let odd = Command { command_id: vec![1], ..command(7, 8) };
        assert_eq!(of(&odd, Some(MS)), Some(AckResult::Rejected));
    }

    proptest! {
        /// Deliveries in any order, any number of times, at any time, each executed at once or later.
        #[test]
        fn executed_at_most_once(
            deliveries in prop::collection::vec((0_u8..12, 0_u64..14, 900_u64..1_700, any::<bool>()), 0..120),
        ) {
            let mut commands = Commands::new(SESSION);
            let mut begun = HashSet::new();
            let mut answered = HashMap::new();
            for (id, sequence, now_ms, finish) in deliveries {
                match commands.arrived(&command(id, sequence), Some(now_ms * MS), 0) {
                    Verdict::Execute => {
                        prop_assert!(begun.insert(id), "{} twice", id);
                        prop_assert!(now_ms <= 1_500);
                        prop_assert!(!answered.contains_key(&id));
                    }
                    Verdict::Executing => prop_assert!(begun.contains(&id) && !answered.contains_key(&id)),
                    Verdict::Answer(ack) => {
                        // Refusals by the sequence are not remembered: a later sequence may still do.
                        if ack.result() != AckResult::Replayed {
                            let first = answered.entry(id).or_insert_with(|| ack.clone());
                            prop_assert_eq!(&*first, &ack);
                        }
                    }
                }
                if finish && begun.contains(&id) && !answered.contains_key(&id) {
                    commands.done(&executed(id));
                    answered.insert(id, executed(id));
                }
            }
        }
    }
}

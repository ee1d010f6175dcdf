//! Commands: accepted in the order in which they come, executed beside each other, acknowledged.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bridge_proto::Suffix;
use bridge_proto::v1::command_ack::Result as AckResult;
use bridge_proto::v1::event::Body as EventBody;
use bridge_proto::v1::{Command, CommandAck, CommandDone};
use prost::Message as _;
use tokio::runtime::Handle;
use tracing::Instrument as _;
use zenoh::query::{Query, Queryable};
use zenoh::{Session, Wait as _};

use super::{Outcome, Shared, unix_time_ns};
use crate::command::{Commands, Verdict};
use crate::trace::trace_id;

/// Larger commands are refused: a trip order with its geometry has some 100 KiB.
const MAX_COMMAND_BYTES: usize = 1 << 20;

/// Receives commands on a path.
pub async fn listen(shared: &Arc<Shared>, session: &Session) -> Result<Queryable<()>, zenoh::Error> {
    let key = shared.config.scope.key(Suffix::Command(shared.session_id));
    let (shared, handle) = (Arc::clone(shared), Handle::current());
    session.declare_queryable(key).complete(true).callback(move |query| take(&shared, &handle, query)).await
}

/// Commands of all paths.
pub struct Inbox {
    commands: Commands,
    /// Who waits for the end of a command.
    waiting: HashMap<Vec<u8>, Vec<Query>>,
}

impl Inbox {
    pub fn new(session_id: [u8; 16]) -> Self {
        Self { commands: Commands::new(session_id), waiting: HashMap::new() }
    }
}

/// Called by Zenoh's thread, one command after the other.
fn take(shared: &Arc<Shared>, handle: &Handle, query: Query) {
    let payload = query.payload().filter(|payload| payload.len() <= MAX_COMMAND_BYTES);
    let Some(command) = payload.and_then(|payload| Command::decode(&*payload.to_bytes()).ok()) else {
        return tracing::warn!(key = %query.key_expr(), "a command that can't be decoded is ignored");
    };
    let received_at_unix_ns = unix_time_ns();
    let cloud_now = shared.clock.lock().at(Instant::now());
    let mut inbox = shared.inbox.lock();
    match inbox.commands.arrived(&command, cloud_now, received_at_unix_ns) {
        Verdict::Answer(ack) => {
            drop(inbox);
            reply(&query, &ack);
        }
        Verdict::Executing => inbox.waiting.entry(command.command_id).or_default().push(query),
        Verdict::Execute => {
            inbox.waiting.entry(command.command_id.clone()).or_default().push(query);
            let span = tracing::info_span!(
                "command",
                vehicle = %shared.config.scope,
                trace_id = trace_id(&command.traceparent),
            );
            handle.spawn(execute(Arc::clone(shared), command, received_at_unix_ns).instrument(span));
        }
    }
}

async fn execute(shared: Arc<Shared>, command: Command, received_at_unix_ns: u64) {
    let outcome = match &command.body {
        Some(body) => shared.execute.execute(body, &command.traceparent).await,
        None => Outcome::new(AckResult::Unsupported, "this bridge does not know such a command"),
    };
    let ack = CommandAck {
        command_id: command.command_id,
        result: outcome.result.into(),
        message: outcome.message,
        received_at_unix_ns,
        executed_at_unix_ns: unix_time_ns(),
    };
    tracing::info!(result = ?ack.result(), message = ack.message, "command done");
    let queries = {
        let mut inbox = shared.inbox.lock();
        inbox.commands.done(&ack);
        inbox.waiting.remove(&ack.command_id).unwrap_or_default()
    };
    queries.iter().for_each(|query| reply(query, &ack));
    shared.event(EventBody::CommandDone(CommandDone { ack: Some(ack) }), &command.traceparent);
}

fn reply(query: &Query, ack: &CommandAck) {
    // Who asked may be gone: the event tells it, too.
    if let Err(error) = query.reply(query.key_expr(), ack.encode_to_vec()).wait() {
        tracing::debug!(%error, "an acknowledgement was not sent");
    }
}

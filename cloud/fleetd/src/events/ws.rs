//! One client of the stream.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, timeout};
use utoipa::ToSchema;

use super::Event;
use crate::App;
use crate::time::Time;
use crate::vehicles::live::LiveVehicle;

const HEARTBEAT: Duration = Duration::from_secs(3);
/// Between two frames with positions.
const POSITIONS: Duration = Duration::from_millis(200);
/// A client that takes longer to read a frame is closed.
const SLOW: Duration = Duration::from_secs(5);
const PAGE: u32 = 500;

/// Counts of all clients.
#[derive(Debug, Default)]
pub struct Streams {
    /// Connected now.
    pub connections: AtomicU64,
    /// Closed because they did not read.
    pub dropped_slow: AtomicU64,
    /// Since the start.
    pub frames_sent: AtomicU64,
}

impl Streams {
    /// All of them now.
    pub fn counts(&self) -> StreamStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StreamStats {
            connections: load(&self.connections),
            dropped_slow: load(&self.dropped_slow),
            frames_sent: load(&self.frames_sent),
        }
    }
}

/// Counts of the stream's clients.
#[derive(Serialize, ToSchema)]
pub struct StreamStats {
    /// Clients connected now.
    pub connections: u64,
    /// Clients closed because they did not read.
    pub dropped_slow: u64,
    /// Frames sent since the start.
    pub frames_sent: u64,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame<'a> {
    Event { event: &'a Event },
    Vehicles { vehicles: &'a [LiveVehicle] },
    Heartbeat { sequence: i64, at: Time },
}

/// Why a client is left.
enum End {
    Gone,
    Slow,
    Restarting,
}

/// Serves a client until it goes, is too slow, or the service ends.
pub async fn serve(app: App, tenant_id: String, after: i64, socket: WebSocket) {
    app.streams.connections.fetch_add(1, Ordering::Relaxed);
    let mut client = Client { app: &app, socket, sequence: after };
    let end = client.run(&tenant_id).await;
    app.streams.connections.fetch_sub(1, Ordering::Relaxed);
    let (code, reason) = match end {
        End::Gone => return,
        End::Slow => {
            app.streams.dropped_slow.fetch_add(1, Ordering::Relaxed);
            (close_code::AGAIN, "too slow: reconnect and resume with after")
        }
        End::Restarting => (close_code::RESTART, "the service ends: reconnect and resume with after"),
    };
    let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    // Best effort: the client may be gone.
    let _ = timeout(Duration::from_secs(1), client.socket.send(close)).await;
}

struct Client<'a> {
    app: &'a App,
    socket: WebSocket,
    sequence: i64,
}

impl Client<'_> {
    async fn run(&mut self, tenant_id: &str) -> End {
        let mut announced = self.app.announced.subscribe();
        announced.mark_changed();
        let mut heartbeat = interval(HEARTBEAT);
        let mut positions = interval(POSITIONS);
        for ticks in [&mut heartbeat, &mut positions] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut seen = 0;
        loop {
            let sent = tokio::select! {
                _ = self.app.ended() => return End::Restarting,
                changed = announced.changed() => match changed {
                    Ok(()) => self.send_events(tenant_id).await,
                    Err(_) => return End::Restarting,
                },
                _ = heartbeat.tick() => {
                    self.send(&Frame::Heartbeat { sequence: self.sequence, at: Time::now() }).await
                }
                _ = positions.tick() => {
                    let (vehicles, version) = self.app.live.changed_since(tenant_id, seen);
                    seen = version;
                    if vehicles.is_empty() { Ok(()) } else { self.send(&Frame::Vehicles { vehicles: &vehicles }).await }
                }
                message = self.socket.recv() => match message {
                    // axum answers pings itself; what a client says else has no meaning.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Binary(_))) => Ok(()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
                },
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }

    async fn send_events(&mut self, tenant_id: &str) -> Result<(), End> {
        loop {
            let page = match super::after(self.app.db.reader(), tenant_id, None, self.sequence, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(cause = %error, "events can't be read");
                    return Err(End::Restarting);
                }
            };
            for event in &page {
                self.send(&Frame::Event { event }).await?;
                self.sequence = event.sequence;
            }
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    async fn send(&mut self, frame: &Frame<'_>) -> Result<(), End> {
        let text = serde_json::to_string(frame).unwrap_or_default();
        match timeout(SLOW, self.socket.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => {
                self.app.streams.frames_sent.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Slow),
        }
    }
}

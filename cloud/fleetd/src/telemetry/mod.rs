//! What vehicles reported: taken in, kept for some hours, and counted. Playbook service: telemetry-ingest.

pub mod api;
pub mod store;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bridge_proto::Scope;
use bridge_proto::v1::Telemetry;
use tokio::sync::mpsc;

use crate::App;
use crate::time::Time;

/// Reports that wait to be written: about a second of 1,500 vehicles at 10 Hz.
const QUEUE: usize = 16_384;
/// Written in one transaction.
const BATCH: usize = 2_048;
/// How long reports are kept.
const KEPT: Duration = Duration::from_secs(6 * 3600);

/// A report to be written.
pub struct Report {
    pub scope: Scope,
    pub telemetry: Telemetry,
    pub received_at: Time,
}

/// Why a report was not taken.
#[derive(Clone, Copy, Debug)]
pub enum Refused {
    /// Its session does not hold the vehicle.
    NoLease,
    /// It is older than the one known, or has no position that makes sense.
    OldOrInvalid,
}

/// Counts and the queue.
pub struct Ingest {
    queue: mpsc::Sender<Report>,
    /// Taken in.
    pub received: AtomicU64,
    /// Written.
    pub stored: AtomicU64,
    /// Not kept, because writing did not keep up; the newest state was still taken over.
    pub dropped: AtomicU64,
    /// Of sessions without a lease.
    pub without_lease: AtomicU64,
    /// Old or invalid.
    pub old_or_invalid: AtomicU64,
    /// Did not decode.
    pub dead_letters: AtomicU64,
}

impl Ingest {
    /// The queue and its end for [`run`].
    pub fn new() -> (Self, mpsc::Receiver<Report>) {
        let (queue, reports) = mpsc::channel(QUEUE);
        let zero = AtomicU64::default;
        let ingest = Self {
            queue,
            received: zero(),
            stored: zero(),
            dropped: zero(),
            without_lease: zero(),
            old_or_invalid: zero(),
            dead_letters: zero(),
        };
        (ingest, reports)
    }

    /// Queues a report to be written.
    pub fn take(&self, scope: Scope, telemetry: Telemetry, received_at: Time) {
        self.received.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(Report { scope, telemetry, received_at }).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a report that was not taken.
    pub fn refused(&self, why: Refused) {
        let counter = match why {
            Refused::NoLease => &self.without_lease,
            Refused::OldOrInvalid => &self.old_or_invalid,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Reports that wait to be written.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

/// Writes reports until the service ends, and forgets old ones.
pub async fn run(app: App, mut reports: mpsc::Receiver<Report>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut swept = Time::now();
    loop {
        let taken = tokio::select! {
            taken = reports.recv_many(&mut batch, BATCH) => taken,
            () = app.ended() => {
                // What has come in already is written.
                reports.close();
                reports.recv_many(&mut batch, QUEUE).await
            }
        };
        if taken == 0 {
            return;
        }
        match write(&app, &batch).await {
            Ok(()) => app.telemetry.stored.fetch_add(taken as u64, Ordering::Relaxed),
            Err(error) => {
                tracing::error!(cause = %error, reports = taken, "telemetry can't be written");
                app.telemetry.dropped.fetch_add(taken as u64, Ordering::Relaxed)
            }
        };
        batch.clear();
        if Time::now().since(swept) > Duration::from_secs(60) {
            swept = Time::now();
            if let Err(error) = store::forget(&app, swept.before(KEPT)).await {
                tracing::error!(cause = %error, "old telemetry can't be removed");
            }
        }
    }
}

async fn write(app: &App, batch: &[Report]) -> sqlx::Result<()> {
    let mut tx = app.db.begin().await?;
    store::insert(&mut tx, batch).await?;
    tx.commit().await
}

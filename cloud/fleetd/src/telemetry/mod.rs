//! What vehicles reported: taken in, kept for some hours, and counted. Playbook service: telemetry-ingest.

pub mod api;
pub mod store;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bridge_proto::Scope;
use bridge_proto::v1::Telemetry;
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use crate::App;
use crate::time::Time;

/// Reports that wait to be written: about a second of 1,500 vehicles at 10 Hz.
const QUEUE: usize = 16_384;
/// Written in one transaction.
const BATCH: usize = 2_048;
/// Dead letters that wait to be written; more are counted only.
const LETTERS: usize = 256;
/// How long dead letters wait at most while no reports come.
const LETTERS_EVERY: Duration = Duration::from_secs(1);
/// How long reports are kept.
const KEPT: Duration = Duration::from_secs(6 * 3600);

/// A report to be written.
pub struct Report {
    pub scope: Scope,
    pub telemetry: Telemetry,
    pub received_at: Time,
}

/// A message that did not decode.
struct Letter {
    key: String,
    payload: Vec<u8>,
    why: String,
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
    letters: Mutex<Vec<Letter>>,
    /// Taken in.
    pub received: AtomicU64,
    /// Written.
    pub stored: AtomicU64,
    /// Not kept, because writing did not keep up; the newest state was still taken over.
    pub dropped: AtomicU64,
    /// Came faster than they could be taken in; a newer one followed each.
    pub overrun: AtomicU64,
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
            letters: Mutex::default(),
            received: zero(),
            stored: zero(),
            dropped: zero(),
            overrun: zero(),
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

    /// Keeps a message that did not decode, for people to look at.
    pub fn dead_letter(&self, key: &str, payload: &[u8], why: String) {
        self.dead_letters.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(key, why, "a vehicle sent what does not decode");
        let letter = Letter { key: key.to_owned(), payload: payload.to_vec(), why };
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        if letters.len() < LETTERS {
            letters.push(letter);
        }
    }

    /// How it does.
    pub fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            received: load(&self.received),
            stored: load(&self.stored),
            waiting: self.queue.max_capacity() - self.queue.capacity(),
            dropped: load(&self.dropped),
            overrun: load(&self.overrun),
            refused_without_lease: load(&self.without_lease),
            refused_old_or_invalid: load(&self.old_or_invalid),
            dead_letters: load(&self.dead_letters),
        }
    }

    fn take_letters(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How the ingestion does.
#[derive(Serialize, ToSchema)]
pub struct Counts {
    /// Reports taken in since the start.
    pub received: u64,
    /// Of these written.
    pub stored: u64,
    /// Of these waiting to be written.
    pub waiting: usize,
    /// Not kept, because writing did not keep up.
    pub dropped: u64,
    /// Came faster than they could be taken in; a newer one followed each.
    pub overrun: u64,
    /// Refused: the session does not hold the vehicle.
    pub refused_without_lease: u64,
    /// Refused: older than the one known, or without a position that makes sense.
    pub refused_old_or_invalid: u64,
    /// Did not decode; kept as dead letters.
    pub dead_letters: u64,
}

/// Writes reports until the service ends, and forgets old ones.
pub async fn run(app: App, mut reports: mpsc::Receiver<Report>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut swept = Time::now();
    loop {
        let taken = tokio::select! {
            () = tokio::time::sleep(LETTERS_EVERY) => {
                write_letters(&app).await;
                continue;
            }
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
            Ok(()) => {
                let now = Time::now();
                let measured = batch.iter().filter_map(|report| report.telemetry.state.as_ref());
                for at in measured.map(|state| Time::from_unix_ns(state.measured_at_unix_ns)) {
                    app.metrics.telemetry_delay_s.observe(now.since(at).as_secs_f64());
                }
                app.telemetry.stored.fetch_add(taken as u64, Ordering::Relaxed)
            }
            Err(error) => {
                tracing::error!(cause = %error, reports = taken, "telemetry can't be written");
                app.telemetry.dropped.fetch_add(taken as u64, Ordering::Relaxed)
            }
        };
        batch.clear();
        write_letters(&app).await;
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

async fn write_letters(app: &App) {
    let letters = app.telemetry.take_letters();
    if letters.is_empty() {
        return;
    }
    let written = async {
        let mut tx = app.db.begin().await?;
        for letter in &letters {
            store::dead_letter(&mut tx, &letter.key, &letter.payload, &letter.why).await?;
        }
        tx.commit().await
    };
    if let Err(error) = written.await {
        tracing::error!(cause = %error, letters = letters.len(), "dead letters can't be written");
    }
}

//! Measures the link over QUIC on loopback, both ends in this process: commands there and back, reports per second, and how
//! long vehicles are away when the access rules change.
//!
//! `cargo run --release -p perf-link`

// All of this is test code.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bridge::spool::Spool;
use bridge_proto::v1::{SafetyState, Telemetry, VehicleState};
use bridge_proto::{Holder, PROTOCOL_VERSION, Suffix};
use hdrhistogram::Histogram;
use link_tests::{Cloud, Files, Vehicle, bare_session, command, emergency_stop, scope, until};
use prost::Message as _;
use zenoh::qos::{CongestionControl, Priority};

const COMMANDS: usize = 3_000;
const REPORTING: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() {
    commands().await;
    for sessions in [1, 100] {
        reports(sessions).await;
    }
    for vehicles in [10, 100, 300] {
        let_in(vehicles).await;
    }
}

async fn commands() {
    let files = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into()]).await;
    let vehicle = Vehicle::start(&files, "A", &link.endpoints().await[0], &files.folder("spool")).await;
    until("a lease", || vehicle.uplink.link().borrow().is_leased()).await;
    let mut times = Histogram::<u64>::new(3).unwrap();
    let timeout = Duration::from_secs(5);
    for i in 0..COMMANDS {
        let stop = command(&cloud, timeout, emergency_stop());
        let started = Instant::now();
        link.command(&scope("A"), vehicle.uplink.session_id(), &stop, timeout).await.unwrap();
        if i >= 100 {
            times.record(started.elapsed().as_micros() as u64).unwrap();
        }
    }
    let q = |q| times.value_at_quantile(q);
    println!(
        "command there and back, {COMMANDS} one after the other, each also an event on disk: \
         p50 {} µs, p99 {} µs, p99.9 {} µs, max {} µs",
        q(0.5),
        q(0.99),
        q(0.999),
        times.max()
    );
}

async fn reports(sessions: usize) {
    let vehicles: Vec<Holder> = (0..sessions).map(|i| scope(&format!("V-{i}")).into()).collect();
    let files = Files::new(&vehicles);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &vehicles).await;
    let endpoint = link.endpoints().await.remove(0);
    // With a lease, so that the cloud takes what follows under its session.
    let mut linked = vec![];
    for (i, holder) in vehicles.iter().enumerate() {
        let path = Vehicle::path(&files, &endpoint, holder);
        linked.push(Vehicle::on(&[path], scope(&format!("V-{i}")), Spool::in_memory(1 << 16), REPORTING));
    }
    until("leases", || linked.iter().all(|v| v.uplink.link().borrow().is_leased())).await;
    let mut senders = vec![];
    for (i, holder) in vehicles.iter().enumerate() {
        let session = bare_session(&endpoint, &files.pki(), Some(holder)).await.unwrap();
        senders.push((
            session,
            scope(&format!("V-{i}")).key(Suffix::Telemetry),
            linked[i].uplink.session_id(),
        ));
    }
    let before = cloud.reports.load(Ordering::Relaxed);
    let started = Instant::now();
    // One thread per core; each sends for its share of the sessions as fast as they take it.
    let share = senders.len().div_ceil(2);
    let sent: Vec<_> = senders
        .chunks(share)
        .map(|part| {
            let part = part.to_vec();
            std::thread::Builder::new()
                .name("sender".into())
                .spawn(move || send(&part, started + REPORTING))
                .unwrap()
        })
        .collect();
    let sent: u64 = sent.into_iter().map(|thread| thread.join().unwrap()).sum();
    let received = cloud.reports.load(Ordering::Relaxed) - before;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "reports from {sessions} session(s): {:.0}/s sent, {:.0}/s received and decoded ({} bytes each)",
        sent as f64 / seconds,
        received as f64 / seconds,
        payload(0, &[0; 16]).len()
    );
}

fn send(sessions: &[(zenoh::Session, String, [u8; 16])], until: Instant) -> u64 {
    let mut sent = 0;
    while Instant::now() < until {
        for (session, key, session_id) in sessions {
            let put = session.put(key, payload(sent, session_id));
            // Waits instead of dropping: the question is what gets through.
            let put = put.congestion_control(CongestionControl::Block).priority(Priority::DataLow);
            zenoh::Wait::wait(put).unwrap();
            sent += 1;
        }
    }
    sent
}

fn payload(sequence: u64, session_id: &[u8]) -> Vec<u8> {
    let state = VehicleState {
        measured_at_unix_ns: 1_700_000_000_000_000_000 + sequence,
        latitude_deg: 24.5,
        longitude_deg: 54.4,
        heading_rad: 1.0,
        speed_mps: 7.0,
        map_x_m: 100.0,
        map_y_m: 200.0,
        map_id: "terminal-yard".into(),
        battery_fraction: 0.8,
        trip_id: "trip_01jdf3z0000000000000000000".into(),
        odometer_m: 12_345.0,
        ..VehicleState::default()
    };
    Telemetry {
        protocol_version: PROTOCOL_VERSION,
        session_id: session_id.to_vec(),
        sequence,
        sent_at_unix_ns: 1_700_000_000_000_000_000,
        state: Some(state),
        safety: Some(SafetyState { speed_limit_mps: 22.0, ..SafetyState::default() }),
    }
    .encode_to_vec()
}

async fn let_in(count: usize) {
    let mut holders: Vec<Holder> = (0..=count).map(|i| scope(&format!("V-{i:04}")).into()).collect();
    let files = Files::new(&holders);
    let new = holders.pop().unwrap();
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &holders).await;
    let endpoint = link.endpoints().await.remove(0);
    let scopes: Vec<_> = (0..count).map(|i| scope(&format!("V-{i:04}"))).collect();
    let vehicles: Vec<Vehicle> = scopes
        .iter()
        .zip(&holders)
        .map(|(scope, holder)| {
            let path = Vehicle::path(&files, &endpoint, holder);
            Vehicle::on(&[path], scope.clone(), Spool::in_memory(1 << 16), Duration::from_millis(50))
        })
        .collect();
    until("leases", || vehicles.iter().all(|v| v.uplink.link().borrow().is_leased())).await;
    holders.push(new);
    let started = Instant::now();
    link.set_holders(holders).await.unwrap();
    let reopened = started.elapsed();
    let mut back = Histogram::<u64>::new(3).unwrap();
    let mut waiting: Vec<usize> = (0..count).collect();
    while !waiting.is_empty() {
        vehicles.iter().for_each(|vehicle| vehicle.report(1.0));
        waiting.retain(|&i| {
            let is_back = cloud.telemetry.lock().remove(&scopes[i]).is_some();
            if is_back {
                back.record(started.elapsed().as_millis() as u64).unwrap();
            }
            !is_back
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "a vehicle is let in beside {count}: router up again after {} ms; the others report again after p50 {} ms, max {} ms",
        reopened.as_millis(),
        back.value_at_quantile(0.5),
        back.max()
    );
}

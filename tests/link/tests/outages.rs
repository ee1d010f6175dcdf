//! Durable events arrive once and in order, whatever is cut, killed or started anew.

// All of this is test code.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bridge_proto::Holder;
use bridge_proto::v1::event::Body;
use link_tests::{Cloud, Files, Network, Vehicle, numbered, scope, until};

/// The numbers of the events that arrived, in order.
fn numbers(cloud: &Cloud) -> Vec<usize> {
    let streams = cloud.events(&scope("A"));
    assert!(streams.len() <= 1, "one stream");
    let number = |event: &bridge_proto::v1::Event| match &event.body {
        Some(Body::FaultsChanged(faults)) => faults.faults[0].parse().unwrap(),
        other => panic!("{other:?}"),
    };
    streams.first().map(|events| events.iter().map(number).collect()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_cloud_is_away_events_wait() {
    let files = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let holders = [scope("A").into()];
    let mut link = cloud.open(&files, "quic/127.0.0.1:0", &holders).await;
    let endpoint = link.endpoints().await.remove(0);
    let vehicle = Vehicle::start(&files, "A", &endpoint, &files.folder("spool")).await;
    let mut sent = 0;
    for round in 0..3 {
        (0..40).for_each(|i| vehicle.event(sent + i));
        sent += 40;
        if round == 1 {
            // Stored, but the vehicle does not get to know: it sends them again.
            cloud.forgets_to_acknowledge.store(true, Ordering::Relaxed);
            until("events", || numbers(&cloud).len() == sent).await;
        }
        link.close().await;
        (0..40).for_each(|i| vehicle.event(sent + i));
        sent += 40;
        until("events on disk", || vehicle.spool.lock().len() >= 40).await;
        cloud.forgets_to_acknowledge.store(false, Ordering::Relaxed);
        cloud.forget_leases();
        link = cloud.open(&files, &endpoint, &holders).await;
        until("all events", || numbers(&cloud).len() == sent).await;
    }
    assert_eq!(numbers(&cloud), (0..sent).collect::<Vec<_>>());
    until("an empty spool", || vehicle.spool.lock().is_empty()).await;
    assert_eq!(cloud.missing.load(Ordering::Relaxed), 0);
    link.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_network_is_away_events_wait() {
    let files = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into()]).await;
    let network = Network::to(&link.endpoints().await[0]).await;
    let vehicle = Vehicle::start(&files, "A", &network.endpoint(), &files.folder("spool")).await;
    for round in 0..4 {
        (0..25).for_each(|i| vehicle.event(50 * round + i));
        if round % 2 == 0 {
            until("events", || numbers(&cloud).len() == 50 * round + 25).await;
        }
        network.cut();
        (25..50).for_each(|i| vehicle.event(50 * round + i));
        until("no lease", || !vehicle.uplink.link().borrow().is_leased()).await;
        network.repair();
        until("all events", || numbers(&cloud).len() == 50 * round + 50).await;
    }
    assert_eq!(numbers(&cloud), (0..200).collect::<Vec<_>>());
    link.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_that_starts_anew_goes_on() {
    let files = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into()]).await;
    let endpoint = link.endpoints().await.remove(0);
    for run in 0..3 {
        let vehicle = Vehicle::start(&files, "A", &endpoint, &files.folder("spool")).await;
        (0..30).for_each(|i| vehicle.event(30 * run + i));
        until("events", || numbers(&cloud).len() == 30 * run + 30).await;
    }
    assert_eq!(numbers(&cloud), (0..90).collect::<Vec<_>>());
    link.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_that_was_full_says_how_much_is_lost() {
    let files = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let holders = [Holder::from(scope("A"))];
    let link = cloud.open(&files, "quic/127.0.0.1:0", &holders).await;
    let network = Network::to(&link.endpoints().await[0]).await;
    network.cut();
    let path = Vehicle::path(&files, &network.endpoint(), &holders[0]);
    let spool = bridge::spool::Spool::open(&files.folder("spool"), 10_000).unwrap();
    let vehicle = Vehicle::on(&[path], scope("A"), spool, std::time::Duration::from_secs(1));
    for i in 0..1_000 {
        vehicle.event(i);
        if i % 200 == 199 {
            until("events on disk", || vehicle.spool.lock().last_sequence() == i as u64 + 1).await;
        }
    }
    network.repair();
    until("an empty spool", || vehicle.spool.lock().is_empty()).await;
    let events = cloud.events(&scope("A")).remove(0);
    let Some(Body::EventsLost(lost)) = &events[0].body else { panic!("{:?}", events[0]) };
    assert_eq!(lost.count + events.len() as u64 - 1, 1_000);
    assert_eq!(cloud.missing.load(Ordering::Relaxed), lost.count);
    assert_eq!(events.last().unwrap().body, Some(numbered(999)));
    link.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_is_let_in_later_does_not_cost_the_others_anything() {
    let files = Files::of_vehicles(&["A", "B"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into()]).await;
    let endpoint = link.endpoints().await.remove(0);
    let a = Vehicle::start(&files, "A", &endpoint, &files.folder("a")).await;
    let b = Vehicle::start(&files, "B", &endpoint, &files.folder("b")).await;
    until("a lease", || a.uplink.link().borrow().is_leased()).await;
    (0..20).for_each(|i| a.event(i));
    b.event(0);
    link.set_holders(vec![scope("A").into(), scope("B").into()]).await.unwrap();
    (20..40).for_each(|i| a.event(i));
    until("all events", || numbers(&cloud).len() == 40 && cloud.event_count(&scope("B")) == 1).await;
    assert_eq!(numbers(&cloud), (0..40).collect::<Vec<_>>());
    // And out again.
    link.set_holders(vec![scope("A").into()]).await.unwrap();
    until("B has no lease", || !b.uplink.link().borrow().is_leased()).await;
    until("A has one", || a.uplink.link().borrow().is_leased()).await;
    link.close().await;
}

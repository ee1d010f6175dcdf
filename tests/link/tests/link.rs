//! What the link promises when nothing is broken, and what it refuses.

use std::sync::Arc;
use std::time::Duration;

use bridge::spool::Spool;
use bridge_proto::Holder;
use bridge_proto::v1::command_ack::Result as AckResult;
use bridge_proto::v1::event::Body;
use fleetd::link::LinkError;
use link_tests::{Cloud, Files, Vehicle, command, emergency_stop, scope, until};

const TTL: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_says_hello_reports_and_obeys() {
    let files = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into()]).await;
    let endpoint = link.endpoints().await.remove(0);
    let vehicle = Vehicle::start(&files, "A", &endpoint, &files.folder("spool")).await;
    until("a lease", || cloud.session(&scope("A")) == Some(vehicle.uplink.session_id())).await;
    assert_eq!(cloud.hello_of(&scope("A")).unwrap().map_id, "terminal-yard");

    until("a report", || {
        vehicle.report(7.5);
        cloud.telemetry.lock().get(&scope("A")).is_some_and(|t| t.state.as_ref().unwrap().speed_mps == 7.5)
    })
    .await;

    let stop = command(&cloud, TTL, emergency_stop());
    let session = vehicle.uplink.session_id();
    let ack = link.command(&scope("A"), session, &stop, TTL).await.unwrap();
    assert_eq!(ack.result(), AckResult::Executed);
    assert!(ack.received_at_unix_ns > 0 && ack.executed_at_unix_ns >= ack.received_at_unix_ns);
    let again = link.command(&scope("A"), session, &stop, TTL).await.unwrap();
    assert_eq!((again, vehicle.executed()), (ack.clone(), 1), "the same command is executed once");

    until("the acknowledgement as an event", || cloud.event_count(&scope("A")) == 1).await;
    let event = cloud.events(&scope("A"))[0][0].clone();
    assert_eq!(event.traceparent, stop.traceparent);
    assert!(matches!(event.body, Some(Body::CommandDone(done)) if done.ack == Some(ack)));
    assert!(cloud.undecodable.lock().is_empty());
    link.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_too_late_is_refused_whatever_the_clocks_show() {
    for off_s in [-3600, 0, 3600] {
        let files = Files::of_vehicles(&["A"]);
        let cloud = Arc::new(Cloud::default());
        cloud.clock_off_s.store(off_s, std::sync::atomic::Ordering::Relaxed);
        let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into()]).await;
        let vehicle = Vehicle::start(&files, "A", &link.endpoints().await[0], &files.folder("spool")).await;
        until("a lease", || vehicle.uplink.link().borrow().is_leased()).await;
        let session = vehicle.uplink.session_id();
        let good = command(&cloud, TTL, emergency_stop());
        let mut late = command(&cloud, Duration::from_millis(500), emergency_stop());
        late.issued_at_unix_ns -= 60_000_000_000;
        let ack = link.command(&scope("A"), session, &good, TTL).await.unwrap();
        assert_eq!(ack.result(), AckResult::Executed, "{off_s} s");
        let ack = link.command(&scope("A"), session, &late, TTL).await.unwrap();
        assert_eq!(ack.result(), AckResult::Expired, "{off_s} s");
        assert_eq!(vehicle.executed(), 1);
        link.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_reach_only_the_session_that_they_are_for() {
    let files = Files::of_vehicles(&["A", "B"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into(), scope("B").into()]).await;
    let endpoint = link.endpoints().await.remove(0);
    let a = Vehicle::start(&files, "A", &endpoint, &files.folder("a")).await;
    let b = Vehicle::start(&files, "B", &endpoint, &files.folder("b")).await;
    until("leases", || a.uplink.link().borrow().is_leased() && b.uplink.link().borrow().is_leased()).await;
    let stop = command(&cloud, TTL, emergency_stop());
    let other = link.command(&scope("A"), b.uplink.session_id(), &stop, TTL).await;
    assert!(matches!(other, Err(LinkError::Unreachable(_))), "{other:?}");
    let nobody = link.command(&scope("C"), a.uplink.session_id(), &stop, TTL).await;
    assert!(matches!(nobody, Err(LinkError::Unreachable(_))), "{nobody:?}");
    assert_eq!((a.executed(), b.executed()), (0, 0));
    link.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_bridges_with_one_id_the_first_speaks() {
    let files = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into()]).await;
    let endpoint = link.endpoints().await.remove(0);
    let first = Vehicle::start(&files, "A", &endpoint, &files.folder("first")).await;
    until("a lease", || first.uplink.link().borrow().is_leased()).await;
    let second = Vehicle::start(&files, "A", &endpoint, &files.folder("second")).await;
    until("a refusal", || second.uplink.link().borrow().refused.is_some()).await;
    second.report(1.0);
    second.event(1);
    first.event(2);
    until("the first's event", || cloud.event_count(&scope("A")) == 1).await;
    assert_eq!(cloud.session(&scope("A")), Some(first.uplink.session_id()));
    assert!(cloud.telemetry.lock().is_empty(), "the second reports nothing");
    drop(first);
    // Its lease runs out; then the other one's event comes, too.
    until("the second's event", || cloud.event_count(&scope("A")) == 2).await;
    assert_eq!(cloud.session(&scope("A")), Some(second.uplink.session_id()));
    link.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_vehicles_share_one_session() {
    let fleet = Holder::fleet("default").unwrap();
    let files = Files::new(std::slice::from_ref(&fleet));
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", std::slice::from_ref(&fleet)).await;
    let path = Vehicle::path(&files, &link.endpoints().await[0], &fleet);
    let vehicles: Vec<Vehicle> = (0..50)
        .map(|i| Vehicle::on(&[Arc::clone(&path)], scope(&format!("S-{i}")), Spool::in_memory(1 << 16), TTL))
        .collect();
    vehicles.iter().enumerate().for_each(|(i, vehicle)| vehicle.event(i));
    until("all events", || (0..50).all(|i| cloud.event_count(&scope(&format!("S-{i}"))) == 1)).await;
    let stop = command(&cloud, TTL, emergency_stop());
    let ack = link.command(&scope("S-7"), vehicles[7].uplink.session_id(), &stop, TTL).await.unwrap();
    assert_eq!(ack.result(), AckResult::Executed);
    assert_eq!(vehicles.iter().map(Vehicle::executed).sum::<usize>(), 1);
    link.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_two_paths_a_command_is_executed_once() {
    let files = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let holder = Holder::from(scope("A"));
    let link = cloud.open(&files, "quic/127.0.0.1:0", std::slice::from_ref(&holder)).await;
    let endpoint = link.endpoints().await.remove(0);
    let network = link_tests::Network::to(&endpoint).await;
    let paths =
        [Vehicle::path(&files, &network.endpoint(), &holder), Vehicle::path(&files, &endpoint, &holder)];
    let vehicle = Vehicle::on(&paths, scope("A"), Spool::in_memory(1 << 16), TTL);
    until("a lease", || vehicle.uplink.link().borrow().is_leased()).await;
    until("both paths", || paths.iter().all(|path| path.opened().is_some())).await;
    let session = vehicle.uplink.session_id();
    for sent in 1..=20 {
        let ack =
            link.command(&scope("A"), session, &command(&cloud, TTL, emergency_stop()), TTL).await.unwrap();
        assert_eq!((ack.result(), vehicle.executed()), (AckResult::Executed, sent));
    }
    // The better path is lost: the other one goes on.
    network.cut();
    vehicle.event(1);
    until("all events", || cloud.event_count(&scope("A")) == 21).await;
    until("a command on the other path", || vehicle.uplink.link().borrow().is_leased()).await;
    let ack = link.command(&scope("A"), session, &command(&cloud, TTL, emergency_stop()), TTL).await.unwrap();
    assert_eq!(ack.result(), AckResult::Executed);
    link.close().await;
}

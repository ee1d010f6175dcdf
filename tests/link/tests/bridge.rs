//! The whole bridge between topics and the cloud, with the nodes played by this test.

// All of this is test code.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bridge::{Bridge, BridgeConfig};
use bridge_proto::v1::command::Body;
use bridge_proto::v1::command_ack::Result as AckResult;
use bridge_proto::v1::event::Body as EventBody;
use bridge_proto::v1::{CommandAck, Event, Place, SafetyReset, TripOrder, TripStop, trip_progress};
use fleetd::link::Link;
use glam::DVec3;
use link_tests::{Cloud, Files, command, emergency_stop, scope, until};
use maps::{LanePosition, Map};
use msgs::Message;
use msgs::atlasmesh_msgs::msg::{Trip, TripProgress, VehicleState};
use msgs::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use msgs::safety_msgs::msg::SafetyState;
use msgs::std_srvs::srv::{Trigger, TriggerResponse};
use parking_lot::Mutex;
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{Guard, Publish, Transport as _, TransportNode, TypeRef};

const TTL: Duration = Duration::from_secs(30);

/// Gate and planning, as far as the bridge sees them.
struct Nodes {
    transport: ZenohTransport,
    node: Arc<dyn TransportNode>,
    trips: Arc<Mutex<Vec<Trip>>>,
    stops: Arc<AtomicUsize>,
    may_reset: Arc<AtomicBool>,
    _guards: Vec<Guard>,
}

impl Nodes {
    fn new() -> Self {
        let transport = ZenohTransport::open(&ZenohOptions::isolated(&[], &[])).unwrap();
        let node = transport.node("/", "nodes").unwrap();
        let trips = Arc::new(Mutex::new(vec![]));
        let (stops, may_reset) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let trigger = TypeRef::service::<Trigger>();
        let answer =
            |success, message: &str| TriggerResponse { success, message: message.into() }.encode(0).unwrap();
        let guards = vec![
            node.subscribe("/mission/trip", &TypeRef::message::<Trip>(), &Qos::state(), {
                let trips = Arc::clone(&trips);
                Box::new(move |sample| trips.lock().push(Trip::decode(&sample.payload).unwrap()))
            })
            .unwrap(),
            node.serve("/emergency_stop", &trigger, {
                let stops = Arc::clone(&stops);
                Box::new(move |request| {
                    stops.fetch_add(1, Ordering::Relaxed);
                    (request.answer)(answer(true, "stopping"));
                })
            })
            .unwrap(),
            node.serve("/safety/reset", &trigger, {
                let may_reset = Arc::clone(&may_reset);
                Box::new(move |request| match may_reset.load(Ordering::Relaxed) {
                    true => (request.answer)(answer(true, "")),
                    false => (request.answer)(answer(false, "still moving")),
                })
            })
            .unwrap(),
        ];
        Self { transport, node, trips, stops, may_reset, _guards: guards }
    }

    fn publisher<M: Message>(&self, topic: &str, qos: &Qos) -> Arc<dyn Publish> {
        self.node.publisher(topic, &TypeRef::message::<M>(), qos).unwrap()
    }
}

struct Scene {
    files: Files,
    cloud: Arc<Cloud>,
    link: Link,
    endpoint: String,
    nodes: Nodes,
}

impl Scene {
    async fn new() -> Self {
        let files = Files::of_vehicles(&["A"]);
        let cloud = Arc::new(Cloud::default());
        let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into()]).await;
        let endpoint = link.endpoints().await.remove(0);
        Self { files, cloud, link, endpoint, nodes: Nodes::new() }
    }

    /// Starts a bridge, and waits for it to hold the vehicle.
    async fn bridge(&self) -> Bridge {
        self.cloud.forget_leases();
        let config = BridgeConfig {
            vehicle_id: "A".into(),
            tenant: "default".into(),
            vehicle_model: "shuttle".into(),
            map: "terminal-yard".into(),
            connect: vec![self.endpoint.clone()],
            pki: self.files.pki().path().into(),
            spool: self.files.folder("spool"),
            spool_limit_bytes: 1 << 20,
        };
        let bridge = loop {
            match Bridge::start(&config, &self.nodes.transport) {
                // The one before is about to end.
                Err(bridge::BridgeError::Spool(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                started => break started.unwrap(),
            }
        };
        until("a lease", || self.cloud.session(&scope("A")).is_some()).await;
        bridge
    }

    async fn send(&self, body: Body) -> CommandAck {
        let session = self.cloud.session(&scope("A")).unwrap();
        self.link.command(&scope("A"), session, &command(&self.cloud, TTL, body), TTL).await.unwrap()
    }

    fn events(&self, keep: fn(&EventBody) -> bool) -> Vec<Event> {
        let events = self.cloud.events(&scope("A")).into_iter().flatten();
        events.filter(|event| event.body.as_ref().is_some_and(keep)).collect()
    }
}

/// A place beside the middle of some lane, and the middle.
fn place() -> (Place, DVec3) {
    let map = Map::load("terminal-yard").unwrap();
    let lane = map.lanes.iter().find(|lane| lane.kind.is_drivable() && lane.length() > 50.0).unwrap();
    let at = |t| map.point_at(LanePosition { lane: lane.id, s: 25.0, t }).position;
    let place = map.georeference.to_wgs84(at(0.7));
    (Place { latitude_deg: place.latitude_deg, longitude_deg: place.longitude_deg }, at(0.0))
}

fn order(trip_id: &str, revision: u32, place: Place) -> TripOrder {
    let stop = TripStop { place: Some(place), ..TripStop::default() };
    TripOrder { trip_id: trip_id.into(), revision, stops: vec![stop], ..TripOrder::default() }
}

fn is_progress(body: &EventBody) -> bool {
    matches!(body, EventBody::TripProgress(_))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_reach_the_nodes() {
    let scene = Scene::new().await;
    let _bridge = scene.bridge().await;
    let ack = scene.send(emergency_stop()).await;
    assert_eq!((ack.result(), ack.message.as_str()), (AckResult::Executed, "stopping"));
    assert_eq!(scene.nodes.stops.load(Ordering::Relaxed), 1);
    let reset = || Body::SafetyReset(SafetyReset::default());
    let ack = scene.send(reset()).await;
    assert_eq!((ack.result(), ack.message.as_str()), (AckResult::Rejected, "still moving"));
    scene.nodes.may_reset.store(true, Ordering::Relaxed);
    assert_eq!(scene.send(reset()).await.result(), AckResult::Executed);

    let (place, on_lane) = place();
    assert_eq!(scene.send(Body::TripOrder(order("T1", 2, place))).await.result(), AckResult::Executed);
    until("the trip", || !scene.nodes.trips.lock().is_empty()).await;
    let trip = scene.nodes.trips.lock()[0].clone();
    assert_eq!((trip.trip_id.as_str(), trip.revision, trip.action), ("T1", 2, Trip::ACTION_DRIVE));
    let p = &trip.stops[0].pose.position;
    assert!((DVec3::new(p.x, p.y, p.z) - on_lane).length() < 0.1, "{p:?} {on_lane}");

    // None of these changes the trip.
    let far = Place { latitude_deg: 0.0, longitude_deg: 0.0 };
    let cancel = |id: &str, revision| TripOrder { cancel: true, ..order(id, revision, place) };
    for (order, result) in [
        (order("T2", 1, far), AckResult::Rejected),
        (order("T1", 1, place), AckResult::Rejected),
        (order("T1", 2, place), AckResult::Executed),
        (order("", 1, place), AckResult::Rejected),
        (TripOrder { stops: vec![], ..order("T2", 1, place) }, AckResult::Rejected),
        (cancel("T0", 9), AckResult::Executed),
    ] {
        assert_eq!(scene.send(Body::TripOrder(order.clone())).await.result(), result, "{order:?}");
    }
    assert_eq!(scene.send(Body::TripOrder(cancel("T1", 3))).await.result(), AckResult::Executed);
    until("the end of the trip", || scene.nodes.trips.lock().len() > 1).await;
    let trips = scene.nodes.trips.lock().clone();
    assert_eq!((trips.len(), trips[1].action, trips[1].revision), (2, Trip::ACTION_CANCEL, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_answer_is_told_of() {
    let mut scene = Scene::new().await;
    scene.nodes._guards.clear();
    let _bridge = scene.bridge().await;
    let ack = scene.send(emergency_stop()).await;
    assert_eq!(ack.result(), AckResult::Unavailable);
    assert!(ack.message.contains("/emergency_stop"), "{}", ack.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_reach_the_cloud() {
    let scene = Scene::new().await;
    let states = scene.nodes.publisher::<VehicleState>("/vehicle/state", &Qos::state());
    let safety = scene.nodes.publisher::<SafetyState>("/safety/state", &Qos::state());
    let diagnostics = scene.nodes.publisher::<DiagnosticArray>("/diagnostics_agg", &Qos::default());
    let _bridge = scene.bridge().await;
    let state = VehicleState {
        latitude_deg: 24.5,
        longitude_deg: 54.25,
        speed_mps: 3.5,
        mode: VehicleState::MODE_AUTONOMOUS,
        ..VehicleState::default()
    };
    until("a report", || {
        states.publish(state.encode(0).unwrap()).unwrap();
        cloud_speed(&scene.cloud) == Some(3.5)
    })
    .await;
    // Said ten times a second; what is news in it is an event.
    let tell = |mode, cause: &str, speed_limit_mps| {
        let state = SafetyState { mode, root_cause: cause.into(), speed_limit_mps, ..SafetyState::default() };
        safety.publish(state.encode(0).unwrap()).unwrap();
    };
    (0..20).for_each(|i| tell(SafetyState::MODE_NOMINAL, "", i as f32));
    (0..20).for_each(|_| tell(SafetyState::MODE_EMERGENCY_STOP, "operator_stop", 0.0));
    let is_safety = |body: &EventBody| matches!(body, EventBody::SafetyChanged(_));
    until("both states", || scene.events(is_safety).len() == 2).await;
    let Some(EventBody::SafetyChanged(changed)) = scene.events(is_safety)[1].body.clone() else {
        unreachable!()
    };
    assert_eq!(changed.state.unwrap().root_cause, "operator_stop");
    assert_eq!((changed.place.unwrap().longitude_deg, changed.speed_mps), (54.25, 3.5));

    let fault = DiagnosticStatus { level: 2, name: "lidar".into(), ..DiagnosticStatus::default() };
    let array =
        DiagnosticArray { status: vec![DiagnosticStatus::default(), fault], ..DiagnosticArray::default() };
    let is_faults = |body: &EventBody| matches!(body, EventBody::FaultsChanged(_));
    until("the fault", || {
        diagnostics.publish(array.encode(0).unwrap()).unwrap();
        scene.events(is_faults).len() == 1
    })
    .await;
    let Some(EventBody::FaultsChanged(faults)) = scene.events(is_faults)[0].body.clone() else {
        unreachable!()
    };
    assert_eq!((faults.level, faults.faults), (2, vec!["lidar".to_owned()]));
}

fn cloud_speed(cloud: &Cloud) -> Option<f32> {
    cloud
        .telemetry
        .lock()
        .get(&scope("A"))
        .and_then(|report| report.state.as_ref())
        .map(|state| state.speed_mps)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trip_goes_on_over_restarts_until_it_is_over() {
    let scene = Scene::new().await;
    let progress = scene.nodes.publisher::<TripProgress>("/mission/progress", &Qos::state());
    let tell = |state| {
        let message = TripProgress { trip_id: "T1".into(), revision: 2, state, ..TripProgress::default() };
        progress.publish(message.encode(0).unwrap()).unwrap();
    };
    let bridge = scene.bridge().await;
    scene.send(Body::TripOrder(order("T1", 2, place().0))).await;
    tell(TripProgress::STATE_DRIVING);
    until("progress", || scene.events(is_progress).len() == 1).await;
    let event = scene.events(is_progress).remove(0);
    assert_eq!(
        event.traceparent,
        command(&scene.cloud, TTL, emergency_stop()).traceparent,
        "that of the order"
    );
    drop(bridge);

    let bridge = scene.bridge().await;
    until("the trip once more", || scene.nodes.trips.lock().len() == 2).await;
    let trips = scene.nodes.trips.lock().clone();
    assert_eq!(
        (&trips[1].trip_id, trips[1].revision, &trips[1].stops),
        (&trips[0].trip_id, 2, &trips[0].stops)
    );
    assert_eq!(scene.cloud.hello_of(&scope("A")).unwrap().trip_id, "T1");
    tell(TripProgress::STATE_COMPLETED);
    until("the end", || scene.events(is_progress).len() == 2).await;
    let Some(EventBody::TripProgress(last)) = scene.events(is_progress)[1].body.clone() else {
        unreachable!()
    };
    assert_eq!(last.state(), trip_progress::State::Completed);
    drop(bridge);

    let _bridge = scene.bridge().await;
    until("a hello without a trip", || scene.cloud.hello_of(&scope("A")).unwrap().trip_id.is_empty()).await;
    scene.send(emergency_stop()).await;
    let is_done = |body: &EventBody| matches!(body, EventBody::CommandDone(_));
    until("the last event", || scene.events(is_done).len() == 2).await;
    assert_eq!(scene.events(is_progress).len(), 2, "what was told is not told again");
    assert_eq!(scene.nodes.trips.lock().len(), 2, "a trip that is over does not begin again");
}

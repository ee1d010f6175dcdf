//! A peer that has never heard of our types asks our node for their description, and decodes a message with it.

use std::sync::Arc;
use std::time::Duration;

use msgs::atlasmesh_msgs::msg::{Trip, TripStop};
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports};
use runtime::qos::Qos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::peer::{LONG, our_transport, their_context, their_node};

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {}

struct Dispatcher(Output<Trip>);

impl Node for Dispatcher {
    const NAME: &'static str = "dispatcher";
    type Params = Params;
    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(20));
        Ok(Self(ports.output("/mission/trip", Qos::default())?))
    }
    fn step(&mut self, _: Step) {
        let stops = vec![TripStop { latitude_deg: 24.4539, ..TripStop::default() }];
        self.0.send(Trip { trip_id: "trip-7".into(), revision: 3, stops, ..Trip::default() });
    }
}

#[test]
fn they_decode_a_type_of_ours() {
    let (ours, endpoint) = our_transport();
    let mut live = Live::new(Arc::new(ours), RosArgs::parse(["test"]).unwrap()).unwrap();
    live.spawn::<Dispatcher>().unwrap();
    let theirs = their_context(&endpoint);
    let node = their_node(&theirs, "their_node");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let subscription = runtime.block_on(node.create_dyn_sub_auto("/mission/trip", LONG)).unwrap();
    let trip = subscription.recv().unwrap();
    assert_eq!(trip.get::<String>("trip_id").unwrap(), "trip-7");
    assert_eq!(trip.get::<u32>("revision").unwrap(), 3);
}

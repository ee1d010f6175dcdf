//! The parameter services both ways: a peer reads and sets the parameters of a node of ours, and we those of its node.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use hiroz::Builder;
use hiroz::parameter::{Parameter, ParameterClient, ParameterDescriptor, ParameterTarget, ParameterValue};
use msgs::rcl_interfaces::msg::{Parameter as OurParameter, ParameterType, ParameterValue as OurValue};
use msgs::rcl_interfaces::srv::{
    GetParameters, GetParametersRequest, ListParameters, ListParametersRequest, SetParameters,
    SetParametersRequest,
};
use msgs::{Message, Service};
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::Ports;
use runtime::transport::{Transport, TypeRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::peer::{LONG, our_transport, their_context, their_node, until};

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// Highest speed, m/s.
    #[schemars(range(min = 0.0, max = 40.0))]
    max_speed: f64,
    /// Frame of the plans.
    frame: String,
    /// Lanes to look at.
    lanes: Vec<i64>,
}

impl Default for Params {
    fn default() -> Self {
        Self { max_speed: 15.0, frame: "map".into(), lanes: vec![1, 2] }
    }
}

struct Planner;

impl Node for Planner {
    const NAME: &'static str = "planning_node";
    type Params = Params;
    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(100));
        Ok(Self)
    }
    fn step(&mut self, _: Step) {}
}

#[test]
fn they_read_and_set_ours() {
    let (ours, endpoint) = our_transport();
    let mut live = Live::new(Arc::new(ours), RosArgs::parse(["test"]).unwrap()).unwrap();
    live.spawn::<Planner>().unwrap();
    let theirs = their_context(&endpoint);
    let node = Arc::new(their_node(&theirs, "their_node"));
    let target = ParameterTarget::from_fqn("/planning_node").unwrap();
    let client = ParameterClient::new(Arc::clone(&node), target).unwrap();
    until("the peer sees our parameter services", || {
        theirs.graph().count_by_service(
            hiroz::entity::EndpointKind::Service,
            "/planning_node/set_parameters_atomically",
        ) == 1
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let list = client.list(&["max_speed", "frame", "lanes"], None).await.unwrap();
        assert_eq!(list.names, ["frame", "lanes", "max_speed"]);
        let values = client.get(&["max_speed", "frame", "lanes"]).await.unwrap();
        let expected = [
            ParameterValue::Double(15.0),
            ParameterValue::String("map".into()),
            ParameterValue::IntegerArray(vec![1, 2]),
        ];
        assert_eq!(values, expected);
        let described = client.describe(&["max_speed"]).await.unwrap();
        assert_eq!(described[0].description, "Highest speed, m/s.");
        let range = described[0].floating_point_range.as_ref().unwrap();
        assert_eq!((range.from_value, range.to_value), (0.0, 40.0));
        let speed = |v| [Parameter::new("max_speed", ParameterValue::Double(v))];
        assert!(client.set(&speed(5.0)).await.unwrap()[0].successful);
        assert_eq!(client.get(&["max_speed"]).await.unwrap(), [ParameterValue::Double(5.0)]);
        let refused = client.set(&speed(55.0)).await.unwrap().remove(0);
        assert!(!refused.successful && refused.reason.contains("40"), "{}", refused.reason);
        assert!(client.set_atomically(&speed(6.0)).await.unwrap().successful);
    });
}

#[test]
fn we_read_and_set_theirs() {
    let (ours, endpoint) = our_transport();
    let theirs = their_context(&endpoint);
    let peer = theirs.create_node("their_node").with_namespace("/theirs").build().unwrap();
    let declare =
        |name: &str, value| peer.declare_parameter(name, value, ParameterDescriptor::default()).unwrap();
    declare("max_speed", ParameterValue::Double(15.0));
    declare("frame", ParameterValue::String("map".into()));
    let node = ours.node("/ours", "our_node").unwrap();
    fn call<S: Service>(
        ours: &dyn Transport,
        node: &dyn runtime::transport::TransportNode,
        name: &str,
        request: &S::Request,
    ) -> S::Response {
        let service = format!("/theirs/their_node/{name}");
        assert!(ours.graph().wait_for_service(&service, LONG), "{service}");
        let client = node.client(&service, &TypeRef::service::<S>()).unwrap();
        let (send, answers) = sync_channel(1);
        client.call(request.encode(0).unwrap(), LONG, Box::new(move |a| send.send(a).unwrap())).unwrap();
        S::Response::decode(&answers.recv_timeout(2 * LONG).unwrap().unwrap()).unwrap()
    }
    let list =
        call::<ListParameters>(&ours, &*node, "list_parameters", &ListParametersRequest::default()).result;
    assert!(list.names.contains(&"frame".into()) && list.names.contains(&"max_speed".into()), "{list:?}");
    let value =
        OurValue { r#type: ParameterType::PARAMETER_DOUBLE, double_value: 5.5, ..OurValue::default() };
    let request = SetParametersRequest {
        parameters: vec![OurParameter { name: "max_speed".into(), value: value.clone() }],
    };
    let results = call::<SetParameters>(&ours, &*node, "set_parameters", &request).results;
    assert!(results[0].successful, "{}", results[0].reason);
    let request = GetParametersRequest { names: vec!["max_speed".into(), "frame".into()] };
    let values = call::<GetParameters>(&ours, &*node, "get_parameters", &request).values;
    assert_eq!((values[0].double_value, values[1].string_value.as_str()), (5.5, "map"));
    assert_eq!(peer.get_parameter("max_speed"), Some(ParameterValue::Double(5.5)));
}

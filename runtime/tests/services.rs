//! The standard services of a live node, called from another session.
#![allow(clippy::unwrap_used)] // in helpers too

mod live_common;

use std::time::Duration;

use live_common::{LONG, World};
use msgs::rcl_interfaces::msg::{LoggerLevel, Parameter, ParameterEvent, ParameterType, ParameterValue};
use msgs::rcl_interfaces::srv::{
    DescribeParameters, DescribeParametersRequest, GetLoggerLevels, GetLoggerLevelsRequest,
    GetParameterTypes, GetParameterTypesRequest, GetParameters, GetParametersRequest, ListParameters,
    ListParametersRequest, SetLoggerLevels, SetLoggerLevelsRequest, SetParameters, SetParametersAtomically,
    SetParametersAtomicallyRequest, SetParametersRequest,
};
use msgs::std_msgs::msg::String as Text;
use msgs::std_srvs::srv::{Trigger, TriggerRequest};
use msgs::type_description_interfaces::srv::{GetTypeDescription, GetTypeDescriptionRequest};
use msgs::{Message, Service};
use runtime::node::{Kind, Node, NodeError, Step};
use runtime::ports::{Output, Ports, Server};
use runtime::qos::Qos;
use runtime::transport::{EndpointKind, Transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Slow,
    Fast,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// Highest speed, m/s.
    #[schemars(range(min = 0.0, max = 40.0))]
    max_speed: f64,
    /// How often.
    #[schemars(range(min = 1, max = 10))]
    count: i64,
    /// How it drives.
    mode: Mode,
    /// Frame of the sensor.
    #[schemars(extend("readOnly" = true))]
    frame: String,
    gains: Gains,
}

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Gains {
    /// Of the lateral error.
    lateral: f64,
}

impl Default for Params {
    fn default() -> Self {
        let frame = "base_link".into();
        Self { max_speed: 13.0, count: 1, mode: Mode::Slow, frame, gains: Gains::default() }
    }
}

/// Says how fast it may drive, when asked and when that changes.
struct Driver {
    max_speed: f64,
    ask: Server<Trigger>,
    said: Output<Text>,
}

impl Node for Driver {
    const NAME: &'static str = "driver";
    type Params = Params;

    fn new(params: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_secs(3600));
        Ok(Self {
            max_speed: params.max_speed,
            ask: ports.server("~/ask")?,
            said: ports.output("said", Qos::default())?,
        })
    }

    fn set_params(&mut self, params: &Params) {
        self.max_speed = params.max_speed;
        self.said.send(Text { data: format!("{}", self.max_speed) });
    }

    fn step(&mut self, _: Step) {
        let max_speed = self.max_speed;
        self.ask.serve(|_, answer| answer.message = max_speed.to_string());
    }
}

fn double(name: &str, v: f64) -> Parameter {
    let value = ParameterValue { r#type: 3, double_value: v, ..ParameterValue::default() };
    Parameter { name: name.into(), value }
}

fn integer(name: &str, v: i64) -> Parameter {
    let value = ParameterValue { r#type: 2, integer_value: v, ..ParameterValue::default() };
    Parameter { name: name.into(), value }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[test]
fn parameters_are_listed_and_described() {
    let world = World::new();
    let mut live = world.live(&["-r", "__ns:=/car", "-p", "max_speed:=20.0"]);
    live.spawn::<Driver>().unwrap();
    live.check_parameters().unwrap();
    let list = |prefixes: &[&str], depth| {
        let request = ListParametersRequest { prefixes: names(prefixes), depth };
        world.call::<ListParameters>("/car/driver/list_parameters", &request).result
    };
    assert_eq!(list(&[], 0).names, ["count", "frame", "gains.lateral", "max_speed", "mode", "use_sim_time"]);
    assert_eq!(list(&[], 1).names, ["count", "frame", "max_speed", "mode", "use_sim_time"]);
    assert_eq!(
        (list(&["gains"], 0).names, list(&["gains"], 0).prefixes),
        (names(&["gains.lateral"]), names(&["gains"]))
    );

    let get = |asked: &[&str]| {
        let request = GetParametersRequest { names: names(asked) };
        world.call::<GetParameters>("/car/driver/get_parameters", &request).values
    };
    let values = get(&["max_speed", "mode", "use_sim_time"]);
    assert_eq!((values[0].double_value, values[1].string_value.as_str()), (20.0, "slow"));
    assert_eq!(values[2].r#type, ParameterType::PARAMETER_BOOL);
    assert!(get(&["max_speed", "no_such"]).is_empty(), "as in rclcpp");

    let request = GetParameterTypesRequest { names: names(&["count", "frame", "gains.lateral"]) };
    let types = world.call::<GetParameterTypes>("/car/driver/get_parameter_types", &request).types;
    assert_eq!(types[..], [2, 4, 3]);

    let request =
        DescribeParametersRequest { names: names(&["max_speed", "count", "mode", "frame", "use_sim_time"]) };
    let described = world.call::<DescribeParameters>("/car/driver/describe_parameters", &request).descriptors;
    let [speed, count, mode, frame, sim] = &described[..] else { panic!("{described:?}") };
    assert_eq!(
        (speed.r#type, speed.description.as_str(), speed.read_only),
        (3, "Highest speed, m/s.", false)
    );
    let range = &speed.floating_point_range[0];
    assert_eq!((range.from_value, range.to_value, range.step), (0.0, 40.0, 0.0));
    assert_eq!((count.integer_range[0].from_value, count.integer_range[0].to_value), (1, 10));
    assert!(count.floating_point_range.is_empty() && speed.integer_range.is_empty());
    assert_eq!(mode.additional_constraints, "one of: slow, fast");
    assert!(frame.read_only && sim.read_only && !mode.read_only);
    assert!(!mode.dynamic_typing);
}

#[test]
fn parameters_are_set_and_told_of() {
    let world = World::new();
    let (events, _guard) = world.listen::<ParameterEvent>("/parameter_events", &Qos::parameter_events());
    let (said, _said) = world.listen::<Text>("/said", &Qos::default());
    let mut live = world.live(&[]);
    world.seen_by(&live, EndpointKind::Subscription, "/parameter_events");
    world.seen_by(&live, EndpointKind::Subscription, "/said");
    live.spawn::<Driver>().unwrap();
    let event = events.recv_timeout(LONG).unwrap();
    let new: Vec<_> = event.new_parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(event.node, "/driver");
    assert_eq!(new, ["count", "frame", "gains.lateral", "max_speed", "mode", "use_sim_time"]);
    assert!(event.changed_parameters.is_empty() && event.stamp.sec > 1_600_000_000);

    let set = |parameters: Vec<Parameter>| {
        let request = SetParametersRequest { parameters };
        world.call::<SetParameters>("/driver/set_parameters", &request).results
    };
    // An integer for a double is taken as in `ros2 param set`.
    let results = set(vec![integer("max_speed", 7), double("max_speed", 55.0), double("no_such", 1.0)]);
    let reasons: Vec<_> = results.iter().map(|r| (r.successful, r.reason.as_str())).collect();
    assert_eq!(reasons[0], (true, ""));
    assert_eq!(
        reasons[1],
        (false, "parameter max_speed = 55.0 is out of range [0, 40] (Highest speed, m/s)")
    );
    assert_eq!(reasons[2], (false, "parameter 'no_such' cannot be set because it was not declared"));
    let event = events.recv_timeout(LONG).unwrap();
    assert_eq!(event.changed_parameters, [double("max_speed", 7.0)]);
    assert_eq!(said.recv_timeout(LONG).unwrap().data, "7");
    assert_eq!(world.call::<Trigger>("/driver/ask", &TriggerRequest {}).message, "7");

    let together = |parameters: Vec<Parameter>| {
        let request = SetParametersAtomicallyRequest { parameters };
        world.call::<SetParametersAtomically>("/driver/set_parameters_atomically", &request).result
    };
    let refused = together(vec![double("max_speed", 9.0), integer("count", 11)]);
    assert!(!refused.successful && refused.reason.contains("count = 11"), "{}", refused.reason);
    assert!(together(vec![double("max_speed", 9.0), integer("count", 3)]).successful);
    let event = events.recv_timeout(LONG).unwrap();
    assert_eq!(event.changed_parameters, [integer("count", 3), double("max_speed", 9.0)]);
    assert_eq!(said.recv_timeout(LONG).unwrap().data, "9");

    let sim = Parameter {
        name: "use_sim_time".into(),
        value: ParameterValue { r#type: 1, bool_value: true, ..ParameterValue::default() },
    };
    let refused = set(vec![sim]).remove(0);
    assert!(!refused.successful && refused.reason.contains("read-only"), "{}", refused.reason);
}

#[test]
fn unknown_parameters_are_refused() {
    let world = World::new();
    let mut live = world.live(&["-p", "max_sped:=1.0"]);
    live.spawn::<Driver>().unwrap();
    let error = live.check_parameters().unwrap_err().to_string();
    assert_eq!(error, "-p max_sped:=1.0: unknown parameter max_sped; did you mean max_speed?");
    assert!(live.run().is_err());
}

#[test]
fn types_are_described() {
    let world = World::new();
    let mut live = world.live(&[]);
    live.spawn::<Driver>().unwrap();
    let ask = |type_name: &str, type_hash: &str| {
        let request = GetTypeDescriptionRequest {
            type_name: type_name.into(),
            type_hash: type_hash.into(),
            include_type_sources: true,
        };
        world.call::<GetTypeDescription>("/driver/get_type_description", &request)
    };
    let answer = ask(ParameterEvent::TYPE_NAME, ParameterEvent::TYPE_HASH);
    assert!(answer.successful, "{}", answer.failure_reason);
    let described = &answer.type_description;
    assert_eq!(described.type_description.type_name, "rcl_interfaces/msg/ParameterEvent");
    let fields: Vec<_> = described.type_description.fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(fields, ["stamp", "node", "new_parameters", "changed_parameters", "deleted_parameters"]);
    let referenced: Vec<_> =
        described.referenced_type_descriptions.iter().map(|t| t.type_name.as_str()).collect();
    assert_eq!(
        referenced,
        ["builtin_interfaces/msg/Time", "rcl_interfaces/msg/Parameter", "rcl_interfaces/msg/ParameterValue"]
    );
    assert_eq!((answer.type_sources.len(), answer.type_sources[0].encoding.as_str()), (4, "msg"));
    assert!(ask(Trigger::TYPE_NAME, Trigger::TYPE_HASH).successful);
    let refused = ask("std_msgs/msg/String", "RIHS01_1");
    assert!(!refused.successful && refused.failure_reason.contains("RIHS01_1"));
}

#[test]
fn logger_levels_are_set() {
    let world = World::new();
    let mut live = world.live(&[]);
    live.spawn::<Driver>().unwrap();
    let level = |name: &str, level| LoggerLevel { name: name.into(), level };
    let levels = vec![level("services_test.part", 10), level("x", 7)];
    let results = world
        .call::<SetLoggerLevels>("/driver/set_logger_levels", &SetLoggerLevelsRequest { levels })
        .results;
    assert!(results[0].successful && !results[1].successful);
    assert!(results[1].reason.starts_with("Unable to determine severity_string"), "{}", results[1].reason);
    let request = GetLoggerLevelsRequest { names: names(&["services_test.part", "services_test"]) };
    let levels = world.call::<GetLoggerLevels>("/driver/get_logger_levels", &request).levels;
    assert_eq!(levels, [level("services_test.part", 10), level("services_test", 0)]);
    assert_eq!(runtime::logging::effective_level("services_test.part.piece") as u8, 10);
}

#[test]
fn every_standard_endpoint_is_announced_and_ends_with_the_node() {
    let world = World::new();
    let mut live = world.live(&[]);
    live.spawn::<Driver>().unwrap();
    for service in ["get_type_description", "ask"] {
        assert!(world.outside.graph().wait_for_service(&format!("/driver/{service}"), LONG));
    }
    let ours = |kind| {
        let mut found = world.outside.graph().endpoints(|e| e.kind == kind && e.node.name == "driver");
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    };
    let services: Vec<_> = ours(EndpointKind::Service).into_iter().map(|e| e.name).collect();
    let expected = [
        "ask",
        "describe_parameters",
        "get_logger_levels",
        "get_parameter_types",
        "get_parameters",
        "get_type_description",
        "list_parameters",
        "set_logger_levels",
        "set_parameters",
        "set_parameters_atomically",
    ];
    assert!(
        world.outside.graph().wait_until(LONG, |g| {
            g.count(|e| e.kind == EndpointKind::Service && e.node.name == "driver") == expected.len()
        }),
        "{services:?}"
    );
    let services: Vec<_> = ours(EndpointKind::Service).into_iter().map(|e| e.name).collect();
    assert_eq!(services, expected.map(|s| format!("/driver/{s}")));
    assert!(world.outside.graph().wait_until(LONG, |g| {
        ["/rosout", "/parameter_events", "/diagnostics", "/said"]
            .into_iter()
            .all(|t| g.count(|e| e.kind == EndpointKind::Publisher && e.name == t) == 1)
    }));
    let rosout = ours(EndpointKind::Publisher).into_iter().find(|e| e.name == "/rosout").unwrap();
    assert_eq!(rosout.qos.durability, Qos::rosout().durability);
    drop(live);
    assert!(world.outside.graph().wait_until(LONG, |g| g.count(|e| e.node.name == "driver") == 0));
}

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Limit {
    /// What the loop may not exceed.
    limit: f64,
}

/// A loop in real time, or as near to it as this machine allows.
struct Loop {
    limit: f64,
    ask: Server<Trigger>,
}

impl Node for Loop {
    const NAME: &'static str = "rt_loop";
    const KIND: Kind = Kind::RealTime { priority: 10 };
    type Params = Limit;

    fn new(params: &Limit, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(5));
        Ok(Self { limit: params.limit, ask: ports.server("~/ask")? })
    }

    fn set_params(&mut self, params: &Limit) {
        self.limit = params.limit;
    }

    fn step(&mut self, _: Step) {
        let limit = self.limit;
        self.ask.serve(|_, answer| answer.success = limit > 1.0);
    }
}

#[test]
fn a_real_time_node_has_them_too() {
    let world = World::new();
    let mut live = world.live(&[]);
    live.spawn::<Loop>().unwrap();
    assert!(!world.call::<Trigger>("/rt_loop/ask", &TriggerRequest {}).success);
    let request = SetParametersRequest { parameters: vec![double("limit", 2.0)] };
    assert!(world.call::<SetParameters>("/rt_loop/set_parameters", &request).results[0].successful);
    assert!(world.call::<Trigger>("/rt_loop/ask", &TriggerRequest {}).success);
}

//! `atlas param …` against a small parameter server.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use msgs::rcl_interfaces::msg::{
    FloatingPointRange, ParameterDescriptor, ParameterValue, SetParametersResult,
};
use msgs::rcl_interfaces::srv::{
    DescribeParameters, DescribeParametersRequest, DescribeParametersResponse, GetParameters,
    GetParametersRequest, GetParametersResponse, ListParameters, ListParametersResponse, SetParameters,
    SetParametersRequest, SetParametersResponse,
};
use runtime::transport::{Guard, TransportNode};

use crate::services::serve;
use crate::world::World;

type Values = Arc<Mutex<BTreeMap<String, ParameterValue>>>;

fn double(v: f64) -> ParameterValue {
    ParameterValue { r#type: 3, double_value: v, ..Default::default() }
}

fn text(v: &str) -> ParameterValue {
    ParameterValue { r#type: 4, string_value: v.into(), ..Default::default() }
}

fn parameter_server(node: &Arc<dyn TransportNode>, name: &str, values: &Values) -> Vec<Guard> {
    let [list, get, set] = [values, values, values].map(Arc::clone);
    vec![
        serve::<ListParameters>(node, &format!("{name}/list_parameters"), move |_| {
            let mut answer = ListParametersResponse::default();
            answer.result.names = list.lock().unwrap().keys().cloned().collect();
            answer
        }),
        serve::<GetParameters>(node, &format!("{name}/get_parameters"), move |wish: GetParametersRequest| {
            let values = get.lock().unwrap();
            GetParametersResponse {
                values: wish.names.iter().map(|n| values.get(n).cloned().unwrap_or_default()).collect(),
            }
        }),
        serve::<SetParameters>(node, &format!("{name}/set_parameters"), move |wish: SetParametersRequest| {
            let mut values = set.lock().unwrap();
            let result = |p: msgs::rcl_interfaces::msg::Parameter| match p.value.r#type {
                3 if p.value.double_value > 40.0 => {
                    SetParametersResult { successful: false, reason: "out of range [0, 40]".into() }
                }
                0 => {
                    values.remove(&p.name);
                    SetParametersResult { successful: true, reason: String::new() }
                }
                _ => {
                    values.insert(p.name, p.value);
                    SetParametersResult { successful: true, reason: String::new() }
                }
            };
            SetParametersResponse { results: wish.parameters.into_iter().map(result).collect() }
        }),
        serve::<DescribeParameters>(
            node,
            &format!("{name}/describe_parameters"),
            |wish: DescribeParametersRequest| {
                let descriptor = |name: &String| ParameterDescriptor {
                    name: name.clone(),
                    r#type: 3,
                    description: "Highest speed, m/s".into(),
                    floating_point_range: vec![FloatingPointRange {
                        from_value: 0.0,
                        to_value: 40.0,
                        step: 0.0,
                    }],
                    ..Default::default()
                };
                DescribeParametersResponse { descriptors: wish.names.iter().map(descriptor).collect() }
            },
        ),
    ]
}

#[test]
fn list_get_set_describe_dump_load_delete() {
    let world = World::new();
    let node = world.node("planning_node");
    let values: Values = Arc::default();
    values.lock().unwrap().extend([
        ("max_speed".to_string(), double(13.0)),
        ("gains.lateral".to_string(), double(0.5)),
        ("mode".to_string(), text("slow")),
    ]);
    let _server = parameter_server(&node, "/planning_node", &values);

    assert_eq!(world.ok(&["param", "list", "/planning_node"]), "  gains.lateral\n  max_speed\n  mode\n");
    assert_eq!(world.ok(&["param", "list"]), "/planning_node:\n  gains.lateral\n  max_speed\n  mode\n");
    assert_eq!(world.ok(&["param", "list", "--filter", "max"]), "/planning_node:\n  max_speed\n");
    assert_eq!(world.ok(&["param", "get", "/planning_node", "max_speed"]), "Double value is: 13.0\n");
    assert_eq!(world.ok(&["param", "get", "planning_node", "mode", "--hide-type"]), "slow\n");
    assert_eq!(
        world.ok(&["param", "set", "/planning_node", "max_speed", "5.0"]),
        "Set parameter successful\n"
    );
    assert_eq!(world.ok(&["param", "get", "/planning_node", "max_speed"]), "Double value is: 5.0\n");
    assert_eq!(world.ok(&["param", "set", "/planning_node", "offset", "-3"]), "Set parameter successful\n");
    assert_eq!(world.ok(&["param", "get", "/planning_node", "offset"]), "Integer value is: -3\n");
    let error = world.fails(&["param", "set", "/planning_node", "max_speed", "55.0"]);
    assert_eq!(error, "Setting parameter failed: out of range [0, 40]\n");
    let error = world.fails(&["param", "get", "/planning_node", "max_sped"]);
    assert!(error.contains("has no max_sped; did you mean max_speed?"), "{error}");
    let error = world.fails(&["param", "get", "/planing_node", "max_speed"]);
    assert!(error.contains("Node not found: /planing_node; did you mean /planning_node?"), "{error}");
    assert_eq!(
        world.ok(&["param", "describe", "/planning_node", "max_speed"]),
        "Parameter name: max_speed\n  Type: double\n  Description: Highest speed, m/s\n  Constraints:\n    \
         Min value: 0.0\n    Max value: 40.0\n"
    );
    assert_eq!(
        world.ok(&["param", "delete", "/planning_node", "offset"]),
        "Deleted parameter successfully\n"
    );

    let dump = world.ok(&["param", "dump", "/planning_node"]);
    assert_eq!(
        dump,
        "/planning_node:\n  ros__parameters:\n    gains:\n      lateral: 0.5\n    max_speed: 5.0\n    mode: slow\n\n"
    );
    let file = world.path("p.yaml");
    fs::write(&file, dump.replace("5.0", "7.5")).unwrap();
    assert_eq!(
        world.ok(&["param", "load", "/planning_node", &file]),
        "Set parameter gains.lateral successful\nSet parameter max_speed successful\nSet parameter mode successful\n"
    );
    assert_eq!(values.lock().unwrap()["max_speed"], double(7.5));
    let saved = world.ok(&["param", "dump", "/planning_node", "--output-dir", &world.path("out")]);
    assert!(saved.starts_with("Saving to:  ") && saved.ends_with("/out/planning_node.yaml\n"), "{saved}");
    let json: serde_json::Value =
        serde_json::from_str(&world.ok(&["param", "get", "/planning_node", "max_speed", "--json"])).unwrap();
    assert_eq!(json["value"], 7.5);
}

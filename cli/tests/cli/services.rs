//! `atlas service …` and `atlas lifecycle …`

use std::sync::{Arc, Mutex};

use msgs::lifecycle_msgs::msg::{State, TransitionDescription};
use msgs::lifecycle_msgs::srv::{
    ChangeState, ChangeStateRequest, ChangeStateResponse, GetAvailableTransitions,
    GetAvailableTransitionsResponse, GetState, GetStateResponse,
};
use msgs::std_srvs::srv::{SetBool, SetBoolRequest, SetBoolResponse};
use msgs::{Message, Service};
use runtime::transport::{Guard, TransportNode, TypeRef};

use crate::world::World;

/// Serves with a function.
pub fn serve<S: Service>(
    node: &Arc<dyn TransportNode>,
    name: &str,
    answer: impl Fn(S::Request) -> S::Response + Send + Sync + 'static,
) -> Guard {
    let on_request = move |request: runtime::transport::Request| {
        let wish = S::Request::decode(&request.payload).unwrap();
        (request.answer)(answer(wish).encode(0).unwrap());
    };
    node.serve(name, &TypeRef::service::<S>(), Box::new(on_request)).unwrap()
}

fn toggle(node: &Arc<dyn TransportNode>) -> Guard {
    serve::<SetBool>(node, "/toggle", |wish: SetBoolRequest| SetBoolResponse {
        success: wish.data,
        message: "it's done".into(),
    })
}

#[test]
fn list_type_find_call() {
    let world = World::new();
    let node = world.node("server");
    let _toggle = toggle(&node);
    assert_eq!(world.ok(&["service", "list"]), "/toggle\n");
    assert_eq!(world.ok(&["service", "list", "-t"]), "/toggle [std_srvs/srv/SetBool]\n");
    assert_eq!(world.ok(&["service", "type", "/toggle"]), "std_srvs/srv/SetBool\n");
    assert_eq!(world.ok(&["service", "find", "std_srvs/srv/SetBool"]), "/toggle\n");
    let expected = "requester: making request: std_srvs.srv.SetBool_Request(data=True)\n\n\
                    response:\nstd_srvs.srv.SetBool_Response(success=True, message=\"it's done\")\n\n";
    assert_eq!(world.ok(&["service", "call", "/toggle", "std_srvs/srv/SetBool", "{data: true}"]), expected);
    let own_type = world.ok(&["service", "call", "/toggle", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&own_type).unwrap();
    assert_eq!(json["response"]["success"], false);
    let error = world.fails(&["service", "call", "/toggle", "std_srvs/srv/SetBool", "{dta: 1}"]);
    assert!(error.contains("Failed to populate field") && error.contains("it has data"), "{error}");
    let error = world.fails(&["service", "call", "/toggle", "std_srvs/srv/Trigger"]);
    assert!(error.contains("/toggle has type std_srvs/srv/SetBool"), "{error}");
    assert!(world.fails(&["service", "type", "/togle"]).contains("did you mean /toggle?"));
    let mut repeated = world.start(&["service", "call", "-r", "100", "/toggle", "std_srvs/srv/SetBool"]);
    for _ in 0..3 {
        repeated.wait_for(|l| l == "response:");
    }
    assert_eq!(repeated.signal("INT").code, Some(0));
}

#[test]
fn a_call_waits_for_its_server() {
    let world = World::new();
    let node = world.node("server");
    let mut call = world.start(&["service", "call", "/toggle", "std_srvs/srv/SetBool"]);
    call.wait_for_note(|l| l == "waiting for service /toggle to become available...");
    let _toggle = toggle(&node);
    call.wait_for(|l| l == "response:");
    assert_eq!(call.end().code, Some(0));
    let error = world.fails(&["service", "call", "--timeout", "0.2", "/togle", "std_srvs/srv/SetBool"]);
    assert!(error.contains("no server of /togle; did you mean /toggle?"), "{error}");
}

#[test]
fn lifecycle() {
    let world = World::new();
    let node = world.node("planner");
    let state = |id, label: &str| State { id, label: label.into() };
    let current = Arc::new(Mutex::new(state(1, "unconfigured")));
    let (reader, writer) = (Arc::clone(&current), Arc::clone(&current));
    let transitions = move |_| {
        let mut configure = TransitionDescription::default();
        configure.transition.id = 1;
        configure.transition.label = "configure".into();
        configure.start_state = state(1, "unconfigured");
        configure.goal_state = state(10, "configuring");
        GetAvailableTransitionsResponse { available_transitions: vec![configure] }
    };
    let _services = [
        serve::<GetState>(&node, "/planner/get_state", move |_| GetStateResponse {
            current_state: reader.lock().unwrap().clone(),
        }),
        serve::<GetAvailableTransitions>(&node, "/planner/get_available_transitions", transitions),
        serve::<GetAvailableTransitions>(&node, "/planner/get_transition_graph", transitions),
        serve::<ChangeState>(&node, "/planner/change_state", move |wish: ChangeStateRequest| {
            *writer.lock().unwrap() = State { id: 2, label: "inactive".into() };
            ChangeStateResponse { success: wish.transition.id == 1 }
        }),
    ];
    assert_eq!(world.ok(&["lifecycle", "nodes"]), "/planner\n");
    assert_eq!(world.ok(&["lifecycle", "get", "/planner"]), "unconfigured [1]\n");
    assert_eq!(world.ok(&["lifecycle", "get"]), "/planner: unconfigured [1]\n");
    let listed = "- configure [1]\n\tStart: unconfigured\n\tGoal: configuring\n";
    assert_eq!(world.ok(&["lifecycle", "list", "planner"]), listed);
    assert_eq!(world.ok(&["lifecycle", "list", "-a", "planner"]), listed);
    assert_eq!(world.ok(&["lifecycle", "set", "/planner", "configure"]), "Transitioning successful\n");
    assert_eq!(world.ok(&["lifecycle", "get", "/planner"]), "inactive [2]\n");
    let error = world.fails(&["lifecycle", "set", "/planner", "fly"]);
    assert!(error.contains("Unknown transition requested, available ones are:\n- configure [1]"), "{error}");
}

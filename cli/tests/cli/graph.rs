//! `atlas topic list|info|type|find`, `atlas node …`, the router.

use msgs::sensor_msgs::msg::Imu;
use msgs::std_msgs::msg::String as Text;
use msgs::std_srvs::srv::Trigger;
use runtime::qos::Qos;
use runtime::transport::TypeRef;

use crate::world::World;

#[test]
fn topics_and_nodes() {
    let world = World::new();
    let node = world.node("talker");
    let text = TypeRef::message::<Text>();
    let publisher = node.publisher("/chatter", &text, &Qos::default()).unwrap();
    let _state = node.publisher("/state", &text, &Qos::state()).unwrap();
    let _hidden = node.publisher("/_hidden", &text, &Qos::default()).unwrap();
    let hidden_node = world.node("_tool");
    let imu =
        hidden_node.subscribe("/imu", &TypeRef::message::<Imu>(), &Qos::sensor(), Box::new(drop)).unwrap();
    let _service = node.serve("/stop", &TypeRef::service::<Trigger>(), Box::new(|_| {})).unwrap();

    assert_eq!(world.ok(&["topic", "list"]), "/chatter\n/imu\n/state\n");
    assert_eq!(world.ok(&["topic", "list", "--all"]), "/_hidden\n/chatter\n/imu\n/state\n");
    assert_eq!(world.ok(&["topic", "list", "--include-hidden-topics", "-c"]), "4\n");
    assert!(
        world
            .ok(&["topic", "list", "-t"])
            .starts_with("/chatter [std_msgs/msg/String]\n/imu [sensor_msgs/msg/Imu]\n")
    );
    assert!(world.ok(&["topic", "list", "-v"]).contains(
        "Published topics:\n * /chatter [std_msgs/msg/String] 1 publisher\n * /state [std_msgs/msg/String] 1 publisher\n\n\
         Subscribed topics:\n * /imu [sensor_msgs/msg/Imu] 1 subscriber\n\n"
    ));
    let json: serde_json::Value = serde_json::from_str(&world.ok(&["topic", "list", "--json"])).unwrap();
    assert_eq!(json[0]["name"], "/chatter");
    assert_eq!(json[0]["publishers"], 1);

    assert_eq!(world.ok(&["topic", "type", "/imu"]), "sensor_msgs/msg/Imu\n");
    assert_eq!(world.ok(&["topic", "find", "std_msgs/String"]), "/chatter\n/state\n");
    assert_eq!(
        world.ok(&["topic", "info", "/chatter"]),
        "Type: std_msgs/msg/String\nPublisher count: 1\nSubscription count: 0\n"
    );
    let gid = publisher.gid().map(|b| format!("{b:02x}")).join(".");
    let expected = format!(
        "Type: std_msgs/msg/String\n\nPublisher count: 1\n\nNode name: talker\nNode namespace: /\nTopic type: \
         std_msgs/msg/String\nTopic type hash: {}\nEndpoint type: PUBLISHER\nGID: {gid}\nQoS profile:\n  \
         Reliability: RELIABLE\n  History (Depth): KEEP_LAST (10)\n  Durability: VOLATILE\n  Lifespan: Infinite\n  \
         Deadline: Infinite\n  Liveliness: AUTOMATIC\n  Liveliness lease duration: Infinite\n\nSubscription count: 0\n\n",
        text.hash
    );
    assert_eq!(world.ok(&["topic", "info", "-v", "/chatter"]), expected);
    let error = world.fails(&["topic", "info", "/chater"]);
    assert!(error.contains("Unknown topic '/chater'; did you mean /chatter?"), "{error}");
    assert!(world.fails(&["topic", "type", "/chater"]).contains("/chatter"));

    assert_eq!(world.ok(&["node", "list"]), "/talker\n");
    let all = world.ok(&["node", "list", "--all"]);
    assert!(all.starts_with("/_atlas_cli_") && all.ends_with("\n/_tool\n/talker\n"), "{all}");
    assert_eq!(
        world.ok(&["node", "info", "/talker"]),
        "/talker\n  Subscribers:\n\n  Publishers:\n    /chatter: std_msgs/msg/String\n    /state: std_msgs/msg/String\n  \
         Service Servers:\n    /stop: std_srvs/srv/Trigger\n  Service Clients:\n\n  Action Servers:\n\n  Action Clients:\n\n"
    );
    assert!(
        world
            .fails(&["node", "info", "/talkr"])
            .contains("Unable to find node '/talkr'; did you mean /talker?")
    );

    // Another domain is another world.
    assert_eq!(world.ok(&["--domain", "7", "topic", "list"]), "");
    assert_eq!(world.atlas(&["--domain", "777", "topic", "list"]).code, Some(2));
    drop(imu);
}

#[test]
fn two_nodes_of_one_name_are_told() {
    let world = World::new();
    let _nodes = [world.node("twin"), world.node("twin")];
    let ended = world.atlas(&["node", "list"]);
    assert_eq!(ended.stdout, "/twin\n/twin\n");
    assert!(ended.stderr.contains("share an exact name"), "{}", ended.stderr);
}

#[test]
fn a_router_runs_until_it_is_told_to_end() {
    let world = World::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("tcp/127.0.0.1:{port}");
    let mut router = world.start(&["router", "--listen", &endpoint]);
    assert!(router.wait_for(|_| true).contains(&format!("listens on {endpoint}")));
    let error = world.fails(&["router", "--listen", &endpoint]);
    assert!(error.contains("does another one run there already?"), "{error}");
    assert_eq!(router.signal("TERM").code, Some(0));
}

//! What each side knows of the other: nodes, endpoints, their types, hashes and QoS.

use std::collections::BTreeSet;
use std::time::Duration;

use hiroz::Builder;
use hiroz::entity::{EndpointEntity, EndpointKind as TheirKind, Entity};
use hiroz_msgs::{geometry_msgs, std_srvs};
use msgs::geometry_msgs::msg::Twist;
use msgs::std_srvs::srv::SetBool;
use msgs::{Message, Service};
use runtime::qos::{History, Qos};
use runtime::transport::{EndpointKind, Transport, TypeRef};

use crate::peer::{LONG, Pair, inbox, their_qos, until};

/// QoS of many kinds, each under a topic of its own.
fn qos() -> Vec<(String, Qos)> {
    let ms = Duration::from_millis;
    let all = [
        Qos::default(),
        Qos::sensor(),
        Qos::command(),
        Qos::state(),
        Qos::rosout(),
        Qos::parameter_events(),
        Qos::default().depth(42),
        Qos { history: History::KeepAll, ..Qos::default() },
        Qos { deadline: Some(ms(100)), ..Qos::sensor() },
        Qos { lifespan: Some(ms(1500)), liveliness_lease: Some(ms(3000)), ..Qos::state() },
    ];
    // Priority and express are ours alone: ROS does not see them.
    let seen = |q: Qos| Qos { priority: Qos::default().priority, express: false, ..q };
    all.into_iter().enumerate().map(|(i, q)| (format!("/topic/number_{i}"), seen(q))).collect()
}

fn their_endpoint(entity: &Entity) -> EndpointEntity {
    match entity {
        Entity::Endpoint(endpoint) => endpoint.clone(),
        Entity::Node(node) => panic!("{node:?} is not an endpoint"),
    }
}

#[test]
fn nodes_appear_and_disappear_on_both_sides() {
    let pair = Pair::new();
    let names = |nodes: Vec<(String, String)>| {
        nodes.into_iter().map(|(n, ns)| format!("{ns}/{n}")).collect::<BTreeSet<_>>()
    };
    let both = BTreeSet::from(["/ours/our_node".to_string(), "/theirs/their_node".to_string()]);
    assert_eq!(names(pair.theirs.graph().get_node_names()), both);
    assert_eq!(pair.ours.graph().nodes().iter().map(|n| n.full_name()).collect::<BTreeSet<_>>(), both);

    let root = pair.ours.node("/", "in_root").unwrap();
    let their_root = pair.theirs.create_node("their_root").without_parameters().build().unwrap();
    assert!(pair.ours.graph().wait_until(LONG, |g| g.nodes().iter().any(|n| n.full_name() == "/their_root")));
    until("the peer sees a node in the root namespace", || {
        pair.theirs.graph().get_node_names().contains(&("in_root".into(), "/".into()))
    });
    drop((root, their_root));
    assert!(pair.ours.graph().wait_until(LONG, |g| g.nodes().len() == 2));
    until("our node is gone for the peer", || names(pair.theirs.graph().get_node_names()) == both);
}

#[test]
fn they_see_our_endpoints() {
    let pair = Pair::new();
    let ty = TypeRef::message::<Twist>();
    let publishers: Vec<_> = qos().iter().map(|(t, q)| pair.our_node.publisher(t, &ty, q).unwrap()).collect();
    let _subscriptions: Vec<_> =
        qos().iter().map(|(t, q)| pair.our_node.subscribe(t, &ty, q, inbox().0).unwrap()).collect();
    let _server = pair.our_node.serve("/set", &TypeRef::service::<SetBool>(), Box::new(|_| ())).unwrap();
    let _client = pair.our_node.client("/get", &TypeRef::service::<SetBool>()).unwrap();
    let graph = pair.theirs.graph();
    for (topic, qos) in qos() {
        for kind in [TheirKind::Publisher, TheirKind::Subscription] {
            until(&format!("{kind} of {topic}"), || graph.count(kind, &topic) == 1);
            let endpoint = their_endpoint(&graph.get_entities_by_topic(kind, &topic)[0]);
            let ty = endpoint.type_info.unwrap();
            assert_eq!(ty.name, "geometry_msgs::msg::dds_::Twist_");
            assert_eq!(ty.hash.to_rihs_string(), Twist::TYPE_HASH);
            assert_eq!(endpoint.qos, their_qos(&qos).to_protocol_qos(), "{topic}");
            let node = endpoint.node.unwrap();
            assert_eq!((node.namespace.as_str(), node.name.as_str()), ("/ours", "our_node"));
        }
    }
    for (kind, name) in [(TheirKind::Service, "/set"), (TheirKind::Client, "/get")] {
        until(&format!("{kind} {name}"), || graph.count_by_service(kind, name) == 1);
        let endpoint = their_endpoint(&graph.get_entities_by_service(kind, name)[0]);
        let ty = endpoint.type_info.unwrap();
        assert_eq!(ty.name, "std_srvs::srv::dds_::SetBool_");
        assert_eq!(ty.hash.to_rihs_string(), SetBool::TYPE_HASH);
    }
    let topics: BTreeSet<_> = graph.get_topic_names_and_types().into_iter().map(|(name, _)| name).collect();
    assert_eq!(topics, qos().into_iter().map(|(t, _)| t).collect());
    drop(publishers);
    until("our publishers are gone", || qos().iter().all(|(t, _)| graph.count(TheirKind::Publisher, t) == 0));
}

#[test]
fn we_see_their_endpoints() {
    let pair = Pair::new();
    let node = &pair.their_node;
    let mut publishers = vec![];
    let mut subscriptions = vec![];
    for (topic, qos) in qos() {
        let qos = their_qos(&qos);
        publishers.push(node.create_pub::<geometry_msgs::Twist>(&topic).with_qos(qos).build().unwrap());
        subscriptions.push(node.create_sub::<geometry_msgs::Twist>(&topic).with_qos(qos).build().unwrap());
    }
    let _server = node.create_service::<std_srvs::srv::SetBool>("/set").build().unwrap();
    let _client = node.create_client::<std_srvs::srv::SetBool>("/get").build().unwrap();
    let graph = pair.ours.graph();
    for (topic, qos) in qos() {
        for kind in [EndpointKind::Publisher, EndpointKind::Subscription] {
            let is_it = |e: &runtime::transport::Endpoint| e.kind == kind && e.name == topic;
            assert!(graph.wait_until(LONG, |g| g.count(is_it) == 1), "{kind:?} of {topic}");
            let endpoint = graph.endpoints(is_it).remove(0);
            assert_eq!(endpoint.ty, TypeRef::message::<Twist>());
            assert_eq!(endpoint.qos, qos, "{kind:?} of {topic}");
            assert_eq!(endpoint.node.full_name(), "/theirs/their_node");
        }
    }
    for (kind, name) in [(EndpointKind::Service, "/set"), (EndpointKind::Client, "/get")] {
        let is_it = |e: &runtime::transport::Endpoint| e.kind == kind && e.name == name;
        assert!(graph.wait_until(LONG, |g| g.count(is_it) == 1), "{kind:?} {name}");
        assert_eq!(graph.endpoints(is_it)[0].ty, TypeRef::service::<SetBool>());
    }
    assert_eq!(
        graph.topics().into_keys().collect::<BTreeSet<_>>(),
        qos().into_iter().map(|(t, _)| t).collect()
    );
    assert_eq!(graph.services().into_keys().collect::<Vec<_>>(), ["/set"]);
    drop(publishers);
    assert!(graph.wait_until(LONG, |g| g.count(|e| e.kind == EndpointKind::Publisher) == 0));
}

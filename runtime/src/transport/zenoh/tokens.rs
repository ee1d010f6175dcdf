//! Liveliness tokens: from our nodes and endpoints to keys, and from keys into the graph.

use std::time::Duration;

use hiroz_protocol::qos::{
    QosDurability, QosDuration, QosHistory, QosLiveliness, QosProfile, QosReliability,
};
use hiroz_protocol::{
    EndpointEntity, EndpointKind as WireKind, Entity, KeyExprFormat, NodeEntity, TypeHash, TypeInfo,
};
use zenoh::key_expr::KeyExpr;

use crate::qos::{Durability, History, Qos, Reliability};
use crate::transport::{Endpoint, EndpointKind, Gid, Graph, GraphNode, TypeRef};

/// Adds to the graph what a token announces; tokens that are not of `rmw_zenoh`'s form are ignored.
pub fn add(graph: &Graph, key: &KeyExpr<'_>) {
    match KeyExprFormat::default().parse_liveliness(key) {
        Ok(Entity::Node(node)) => graph.add_node(key, graph_node(&node)),
        Ok(Entity::Endpoint(endpoint)) => {
            let (Some(node), Some(ty)) = (&endpoint.node, &endpoint.type_info) else { return };
            graph.add_endpoint(
                key,
                Endpoint {
                    kind: match endpoint.kind {
                        WireKind::Publisher => EndpointKind::Publisher,
                        WireKind::Subscription => EndpointKind::Subscription,
                        WireKind::Service => EndpointKind::Service,
                        WireKind::Client => EndpointKind::Client,
                    },
                    node: graph_node(node),
                    name: endpoint.topic.clone(),
                    ty: TypeRef { name: from_dds(&ty.name), hash: ty.hash.to_rihs_string() },
                    qos: from_wire(&endpoint.qos),
                    gid: gid(key),
                },
            );
        }
        Err(error) => tracing::debug!(%key, %error, "not a token of rmw_zenoh"),
    }
}

fn graph_node(node: &NodeEntity) -> GraphNode {
    let namespace = if node.namespace.is_empty() { "/".into() } else { node.namespace.clone() };
    GraphNode { namespace, name: node.name.clone() }
}

/// The id that `rmw_zenoh` gives to an endpoint: XXH3-128 of its token.
pub fn gid(token: &str) -> Gid {
    let hash = xxhash_rust::xxh3::xxh3_128(token.as_bytes());
    hash.to_le_bytes()
}

/// An endpoint of ours as it is announced.
pub fn entity(
    id: usize,
    node: &NodeEntity,
    kind: WireKind,
    name: &str,
    ty: &TypeRef,
    qos: &Qos,
) -> Result<EndpointEntity, String> {
    let hash = TypeHash::from_rihs_string(&ty.hash).ok_or(format!("`{}` is not a type hash", ty.hash))?;
    Ok(EndpointEntity {
        id,
        node: Some(node.clone()),
        kind,
        topic: name.into(),
        type_info: Some(TypeInfo::new(
            &to_dds(&ty.name).ok_or(format!("`{}` is not a type", ty.name))?,
            hash,
        )),
        qos: to_wire(qos),
    })
}

/// `std_msgs/msg/String` → `std_msgs::msg::dds_::String_`.
fn to_dds(name: &str) -> Option<String> {
    let mut parts = name.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(package), Some(kind), Some(name), None) => Some(format!("{package}::{kind}::dds_::{name}_")),
        _ => None,
    }
}

fn from_dds(name: &str) -> String {
    let plain = name.replace("::dds_::", "::");
    plain.strip_suffix('_').unwrap_or(&plain).replace("::", "/")
}

fn to_wire(qos: &Qos) -> QosProfile {
    let duration = |d: Option<Duration>, none: QosDuration| {
        d.map_or(none, |d| QosDuration { sec: d.as_secs(), nsec: d.subsec_nanos().into() })
    };
    let default = QosProfile::default();
    QosProfile {
        reliability: match qos.reliability {
            Reliability::Reliable => QosReliability::Reliable,
            Reliability::BestEffort => QosReliability::BestEffort,
        },
        durability: match qos.durability {
            Durability::Volatile => QosDurability::Volatile,
            Durability::TransientLocal => QosDurability::TransientLocal,
        },
        history: match qos.history {
            History::KeepLast(n) => QosHistory::KeepLast(n),
            History::KeepAll => QosHistory::KeepAll,
        },
        deadline: duration(qos.deadline, default.deadline),
        lifespan: duration(qos.lifespan, default.lifespan),
        liveliness: QosLiveliness::Automatic,
        liveliness_lease_duration: duration(qos.liveliness_lease, default.liveliness_lease_duration),
    }
}

fn from_wire(qos: &QosProfile) -> Qos {
    let default = QosProfile::default();
    let duration = |d: &QosDuration, none: &QosDuration| {
        // A duration may be split in any way; nanoseconds beyond a second count too.
        (d != none && (d.sec, d.nsec) != (0, 0))
            .then(|| Duration::from_secs(d.sec).saturating_add(Duration::from_nanos(d.nsec)))
    };
    Qos {
        reliability: match qos.reliability {
            QosReliability::Reliable => Reliability::Reliable,
            QosReliability::BestEffort => Reliability::BestEffort,
        },
        durability: match qos.durability {
            QosDurability::Volatile => Durability::Volatile,
            QosDurability::TransientLocal => Durability::TransientLocal,
        },
        history: match qos.history {
            QosHistory::KeepLast(n) => History::KeepLast(n),
            QosHistory::KeepAll => History::KeepAll,
        },
        deadline: duration(&qos.deadline, &default.deadline),
        lifespan: duration(&qos.lifespan, &default.lifespan),
        liveliness_lease: duration(&qos.liveliness_lease_duration, &default.liveliness_lease_duration),
        ..Qos::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names() {
        assert_eq!(to_dds("std_msgs/msg/String").unwrap(), "std_msgs::msg::dds_::String_");
        assert_eq!(from_dds("std_msgs::msg::dds_::String_"), "std_msgs/msg/String");
        assert_eq!(to_dds("String"), None);
    }

    #[test]
    fn qos_survives_the_token() {
        for qos in [
            Qos { priority: Default::default(), express: false, ..Qos::command() },
            Qos::sensor().deadline(Duration::from_millis(100)),
            Qos::state(),
            Qos { history: History::KeepAll, ..Qos::default() },
            Qos { priority: Default::default(), ..Qos::rosout() },
        ] {
            assert_eq!(from_wire(&QosProfile::decode(&to_wire(&qos).encode()).unwrap()), qos);
        }
    }
}

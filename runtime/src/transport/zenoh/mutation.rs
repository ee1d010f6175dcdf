//! Mutated tokens and attachments: anybody on the network can send them, so no bytes may panic, hang or grow us.

use hiroz_protocol::{EndpointKind, KeyExprFormat, NodeEntity};
use zenoh::key_expr::KeyExpr;

use super::attachment::Attachment;
use super::tokens;
use crate::qos::Qos;
use crate::transport::{Graph, TypeRef};

/// As many inputs of each kind.
const INPUTS: usize = 100_000;

/// A small generator (xorshift64*), so that a run is the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Tokens as they are on the wire: of ours, and of `rmw_zenoh_cpp`.
fn seeds() -> Vec<String> {
    let node = NodeEntity {
        domain_id: 0,
        z_id: "1f2e3d4c5b6a79880102030405060708".parse().unwrap(),
        id: 3,
        name: "planning_node".into(),
        namespace: "/a/b".into(),
        enclave: String::new(),
    };
    let format = KeyExprFormat::default();
    let mut seeds = vec![
        format.node_liveliness_key_expr(&node).unwrap().to_string(),
        "@ros2_lv/2/aac3178e146ba6f1fc6e6a4085e77f21/0/0/NN/%/%/listener".into(),
        "@ros2_lv/2/8b20917502ee955ac4476e0266340d5c/0/10/MP/%/%/talker/%chatter/std_msgs::msg::dds_::String_/\
         RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18/::,7:,:,:,,"
            .into(),
    ];
    let ty = TypeRef::message::<msgs::sensor_msgs::msg::PointCloud2>();
    for kind in
        [EndpointKind::Publisher, EndpointKind::Subscription, EndpointKind::Service, EndpointKind::Client]
    {
        for qos in [Qos::sensor(), Qos::state(), Qos::rosout()] {
            let entity = tokens::entity(7, &node, kind, "/sensors/lidar/points", &ty, &qos).unwrap();
            seeds.push(format.liveliness_key_expr(&entity, &node.z_id).unwrap().to_string());
        }
    }
    seeds
}

fn mutate(seed: &str, random: &mut Random) -> String {
    const PIECES: [&str; 38] = [
        "/",
        "%",
        "%%",
        ":",
        "::",
        ",",
        ",,",
        "NN",
        "MP",
        "MS",
        "SS",
        "SC",
        "@ros2_lv",
        "@",
        "0",
        "1",
        "2",
        "42",
        "-1",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
        "9223372036",
        "RIHS01_",
        "RIHS02_",
        "EMPTY_TOPIC_TYPE",
        "EMPTY_TOPIC_HASH",
        "TypeHashNotSupported",
        "::dds_::",
        "_",
        "é",
        "🚌",
        "\0",
        "\u{feff}",
        " ",
        "a",
        "ZZ",
        ".",
    ];
    let mut parts: Vec<String> = seed.split('/').map(Into::into).collect();
    for _ in 0..=random.below(3) {
        let at = random.below(parts.len());
        match random.below(8) {
            0 => drop(parts.drain(at..(at + 1).min(parts.len()))),
            1 => parts.truncate(at.max(1)),
            2 => parts.insert(at, (*random.pick(&PIECES)).into()),
            3 if !parts.is_empty() => parts[at] = (*random.pick(&PIECES)).into(),
            4 if !parts.is_empty() => {
                let other = random.below(parts.len());
                parts.swap(at, other);
            }
            _ if !parts.is_empty() => {
                let mut text: Vec<char> = parts[at].chars().collect();
                let from = random.below(text.len() + 1);
                let to = (from + random.below(4)).min(text.len());
                text.splice(from..to, random.pick(&PIECES).chars());
                parts[at] = text.into_iter().collect();
            }
            _ => {}
        }
    }
    parts.join("/")
}

#[test]
fn no_token_does_harm() {
    let seeds = seeds();
    let mut random = Random(0x70CE);
    let (mut keys, mut entities) = (0, 0);
    let mut graph = Graph::default();
    while keys < INPUTS {
        let text = mutate(random.pick(&seeds).as_str(), &mut random);
        // What is no key does not get over the wire.
        let Ok(key) = KeyExpr::try_from(text) else { continue };
        keys += 1;
        tokens::add(&graph, &key);
        if graph.nodes().len() + graph.endpoints(|_| true).len() > 0 {
            entities += 1;
            // Asking for what is there must not fail either.
            let _ = (graph.topics(), graph.services());
            graph.remove(&key);
            assert!(graph.nodes().is_empty() && graph.count(|_| true) == 0, "{key} stays");
            graph = Graph::default();
        }
    }
    for seed in &seeds {
        tokens::add(&graph, &KeyExpr::try_from(seed.as_str()).unwrap());
    }
    assert_eq!(graph.nodes().len() + graph.count(|_| true), seeds.len());
    println!("{keys} mutated tokens, {entities} announce something");
}

#[test]
fn no_attachment_does_harm() {
    let mut named = vec![15];
    named.extend_from_slice(b"sequence_number");
    named.extend_from_slice(&7_i64.to_le_bytes());
    named.push(16);
    named.extend_from_slice(b"source_timestamp");
    named.extend_from_slice(&8_i64.to_le_bytes());
    named.push(10);
    named.extend_from_slice(b"source_gid");
    named.push(16);
    named.extend_from_slice(&[9; 16]);
    let plain = Attachment { sequence: 7, source_time_ns: 8, source: [9; 16] }.encode().to_vec();
    let mut random = Random(0xA77);
    let mut accepted = 0;
    for n in 0..INPUTS {
        let mut bytes = if n % 2 == 0 { plain.clone() } else { named.clone() };
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, random.next() as u8),
                2 if !bytes.is_empty() => bytes[at] = random.next() as u8,
                _ if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
                _ => {}
            }
        }
        if let Some(a) = Attachment::decode(&bytes) {
            accepted += 1;
            assert_eq!(Attachment::decode(&a.encode()), Some(a));
        }
    }
    println!("{INPUTS} mutated attachments, {accepted} accepted");
}

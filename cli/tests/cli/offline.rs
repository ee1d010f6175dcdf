//! What needs no network: types, completions, help, real-time check.

use crate::world::World;

#[test]
fn interfaces() {
    let world = World::new();
    let list = world.ok(&["interface", "list"]);
    assert!(list.starts_with("Messages:\n    ") && list.contains("\nServices:\n    "));
    assert!(list.contains("    std_msgs/msg/String\n"));
    assert_eq!(
        world.ok(&["interface", "package", "std_srvs"]),
        "std_srvs/srv/Empty\nstd_srvs/srv/SetBool\nstd_srvs/srv/Trigger\n"
    );
    assert_eq!(
        world.ok(&["interface", "hash", "std_msgs/msg/String"]),
        "std_msgs/msg/String RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18\n"
    );
    assert!(world.ok(&["interface", "hash"]).lines().count() > 200);
    assert_eq!(
        world.ok(&["interface", "show", "geometry_msgs/msg/Twist", "--no-comments"]),
        "Vector3  linear\n\tfloat64 x\n\tfloat64 y\n\tfloat64 z\nVector3  angular\n\tfloat64 x\n\tfloat64 y\n\tfloat64 z\n"
    );
    assert_eq!(
        world.ok(&["interface", "show", "std_srvs/srv/SetBool", "--no-comments"]),
        "bool data\n---\nbool success\nstring message\n"
    );
    let error = world.fails(&["interface", "show", "std_msgs/msg/Sting"]);
    assert!(error.contains("did you mean std_msgs/msg/String?"), "{error}");
}

#[test]
fn help_completions_and_usage() {
    let world = World::new();
    assert!(world.ok(&["completions", "bash"]).contains("_atlas"));
    for command in ["topic", "node", "param", "service", "lifecycle", "interface", "bag", "pki"] {
        assert!(world.ok(&[command, "--help"]).contains("Commands:"));
    }
    assert!(world.ok(&["topic", "pub", "--help"]).contains("Examples:"));
    assert_eq!(world.atlas(&["topic", "eco"]).code, Some(2));
    let mut listed = world.start(&["interface", "list"]);
    listed.wait_for(|l| l == "Messages:");
    assert_eq!(listed.end().code, Some(0));
}

#[test]
fn real_time_check() {
    let world = World::new();
    let ended = world.atlas(&["rt", "check", "--seconds", "0", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(json["findings"].as_array().unwrap().len() > 3);
}

#[test]
fn certificates() {
    let world = World::new();
    let dir = world.path("pki");
    let said = world.ok(&["pki", "init", "--dir", &dir, "--name", "fleet.example.org"]);
    assert!(said.ends_with(&format!("Next: atlas pki issue --dir {dir} --vehicle AV-001\n")), "{said}");
    let said = world.ok(&["pki", "issue", "--dir", &dir, "--tenant", "acme", "--vehicle", "AV-001"]);
    assert!(said.starts_with(&format!("acme/AV-001  {dir}/vehicles/acme/AV-001.crt\n")), "{said}");
    assert!(said.contains("--tenant acme --vehicle-id AV-001 --connect quic/HOST:7447"), "{said}");
    let json: serde_json::Value =
        serde_json::from_str(&world.ok(&["pki", "issue", "--dir", &dir, "--fleet", "--json"])).unwrap();
    assert_eq!(json["name"], "default/*");
    for again in [&["pki", "init", "--dir", &dir][..], &["pki", "issue", "--dir", &dir, "--fleet"]] {
        assert!(world.fails(again).contains("nothing is overwritten"));
    }
    let none = world.fails(&["pki", "issue", "--dir", &world.path("none"), "--vehicle", "A"]);
    assert!(none.contains("`atlas pki init` makes it"), "{none}");
    assert!(
        world.fails(&["pki", "issue", "--dir", &dir, "--vehicle", "a/b"]).contains("can't be part of a key")
    );
    let missing =
        world.fails(&["vehicle", "--sim", "--uplink", "quic/127.0.0.1:7447", "--pki", &world.path("none")]);
    assert!(missing.contains("the certificate of the vehicle is missing"), "{missing}");
}

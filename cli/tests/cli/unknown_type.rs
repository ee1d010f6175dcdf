//! Types that `atlas` does not have: asked from the node.

use std::fs;

use msgs::dynamic::{self, Value};
use msgs::type_description_interfaces::msg as wire;
use msgs::type_description_interfaces::srv::{
    GetTypeDescription, GetTypeDescriptionRequest, GetTypeDescriptionResponse,
};
use rosidl::{MessageDef, TypeSet};
use runtime::qos::Qos;
use runtime::transport::TypeRef;

use crate::services::serve;
use crate::world::World;

const NAME: &str = "my_msgs/msg/Robot";

fn types() -> TypeSet {
    let mut types = TypeSet::default();
    types.add_msg("my_msgs/msg/Wheel", "float32 radius\nuint8[4] code\n").unwrap();
    types.add_msg(NAME, "string name\nmy_msgs/Wheel[] wheels\nint32[<=3] numbers\n").unwrap();
    types
}

fn describe(def: &MessageDef) -> wire::IndividualTypeDescription {
    let fields = def.fields.iter().map(|f| {
        let id = f.ty.type_id();
        wire::Field {
            name: f.name.clone(),
            r#type: wire::FieldType {
                type_id: id.type_id,
                capacity: id.capacity,
                string_capacity: id.string_capacity,
                nested_type_name: id.nested_type_name,
            },
            default_value: String::new(),
        }
    });
    wire::IndividualTypeDescription { type_name: def.name.clone(), fields: fields.collect() }
}

fn robot(types: &TypeSet) -> bytes::Bytes {
    let wheel = Value::Message(vec![
        ("radius".into(), Value::Float32(0.25)),
        ("code".into(), Value::List((1..5).map(Value::Uint).collect())),
    ]);
    let robot = Value::Message(vec![
        ("name".into(), Value::String("r2".into())),
        ("wheels".into(), Value::List(vec![wheel])),
        ("numbers".into(), Value::List(vec![Value::Int(-1)])),
    ]);
    dynamic::encode(types, NAME, &robot).unwrap()
}

const YAML: &str =
    "name: r2\nwheels:\n- radius: 0.25\n  code:\n  - 1\n  - 2\n  - 3\n  - 4\nnumbers:\n- -1\n---\n";

#[test]
fn the_node_is_asked() {
    let world = World::new();
    let node = world.node("robot");
    let types = types();
    let ty = TypeRef { name: NAME.into(), hash: types.hash(NAME).unwrap() };
    let publisher = node.publisher("/robot", &ty, &Qos::state()).unwrap();
    publisher.publish(robot(&types)).unwrap();

    let error = world.fails(&["topic", "echo", "--once", "/robot"]);
    assert!(error.contains("no node describes it") && error.contains("--raw"), "{error}");
    assert!(world.ok(&["topic", "echo", "--once", "--raw", "/robot"]).starts_with("b'\\x00\\x01\\x00\\x00"));

    let answer = move |wish: GetTypeDescriptionRequest| {
        assert_eq!(wish.type_name, NAME);
        GetTypeDescriptionResponse {
            successful: true,
            type_description: wire::TypeDescription {
                type_description: describe(types.get(NAME).unwrap()),
                referenced_type_descriptions: types
                    .referenced(NAME)
                    .unwrap()
                    .into_iter()
                    .map(describe)
                    .collect(),
            },
            ..Default::default()
        }
    };
    let _service = serve::<GetTypeDescription>(&node, "/robot/get_type_description", answer);
    assert_eq!(world.ok(&["topic", "echo", "--once", "/robot"]), YAML);
    assert_eq!(
        world.ok(&["topic", "echo", "--once", "/robot", NAME, "--json"]),
        "{\"name\":\"r2\",\"wheels\":[{\"radius\":0.25,\"code\":[1,2,3,4]}],\"numbers\":[-1]}\n"
    );

    // The definition goes into a bag, and with it the type comes back.
    let mut record = world.start(&["bag", "record", "-a", "-o", "unknown"]);
    record.wait_for_note(|l| l.contains("Subscribed to topic '/robot'"));
    assert_eq!(record.signal("INT").code, Some(0));
    let bag = runtime::recording::Bag::open(world.path("unknown")).unwrap();
    let topic = bag.topics().remove(0);
    assert_eq!(topic.info.type_hash, ty.hash);
    let mut back = TypeSet::default();
    back.add_definition(NAME, &topic.info.definition).unwrap();
    assert_eq!(back.hash(NAME).unwrap(), ty.hash);
    assert!(fs::exists(world.path("unknown/metadata.yaml")).unwrap());
}

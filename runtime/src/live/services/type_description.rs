//! `get_type_description`: tells tools what the interfaces look like, as `rcl` does
//! (`node_type_cache.c`, REP-2016).

use msgs::rosidl::{Array, Base, Field, FieldType, Literal, MessageDef, Primitive, TypeSet};
use msgs::type_description_interfaces::msg::{
    Field as FieldMsg, FieldType as FieldTypeMsg, IndividualTypeDescription, TypeDescription, TypeSource,
};
use msgs::type_description_interfaces::srv::{
    GetTypeDescription, GetTypeDescriptionRequest, GetTypeDescriptionResponse,
};

use super::ServiceHost;
use crate::node::NodeError;
use crate::transport::Guard;

/// Offers the service for all interfaces of crate `msgs`.
pub fn offer(host: &ServiceHost<'_>) -> Result<Vec<Guard>, NodeError> {
    let guard = host.serve::<GetTypeDescription>("~/get_type_description", |request| {
        describe(msgs::types(), &request).unwrap_or_else(|failure_reason| GetTypeDescriptionResponse {
            failure_reason,
            ..GetTypeDescriptionResponse::default()
        })
    })?;
    Ok(vec![guard])
}

fn describe(
    types: &TypeSet,
    request: &GetTypeDescriptionRequest,
) -> Result<GetTypeDescriptionResponse, String> {
    let name = &request.type_name;
    let def = types.get(name).ok_or_else(|| format!("Type not currently in use by this node: {name}"))?;
    let hash = types.hash(name).map_err(|e| e.to_string())?;
    if !request.type_hash.is_empty() && request.type_hash != hash {
        return Err(format!("this node has {name} with hash {hash}, not {}", request.type_hash));
    }
    let referenced = types.referenced(name).map_err(|e| e.to_string())?;
    let type_sources = if request.include_type_sources {
        std::iter::once(def).chain(referenced.iter().copied()).map(|d| source(types, d)).collect()
    } else {
        vec![]
    };
    Ok(GetTypeDescriptionResponse {
        successful: true,
        type_description: TypeDescription {
            type_description: individual(def),
            referenced_type_descriptions: referenced.into_iter().map(individual).collect(),
        },
        type_sources,
        ..GetTypeDescriptionResponse::default()
    })
}

fn individual(def: &MessageDef) -> IndividualTypeDescription {
    let mut fields: Vec<FieldMsg> = def.fields.iter().map(field).collect();
    if fields.is_empty() {
        // The member that ROS gives to messages without fields.
        let ty = FieldType { base: Base::Primitive(Primitive::Uint8), array: Array::Single };
        fields.push(FieldMsg {
            name: "structure_needs_at_least_one_member".into(),
            r#type: field_type(&ty),
            default_value: String::new(),
        });
    }
    IndividualTypeDescription { type_name: def.name.clone(), fields }
}

fn field(field: &Field) -> FieldMsg {
    FieldMsg {
        name: field.name.clone(),
        r#type: field_type(&field.ty),
        default_value: field.default.as_ref().map(default_value).unwrap_or_default(),
    }
}

fn field_type(ty: &FieldType) -> FieldTypeMsg {
    let id = ty.type_id();
    FieldTypeMsg {
        type_id: id.type_id,
        capacity: id.capacity,
        string_capacity: id.string_capacity,
        nested_type_name: id.nested_type_name,
    }
}

/// As Python's `str()` prints it, which wrote the descriptions of ROS's own packages.
fn default_value(value: &Literal) -> String {
    match value {
        Literal::Bool(true) => "True".into(),
        Literal::Bool(false) => "False".into(),
        Literal::Int(v) => v.to_string(),
        Literal::Float(v) => format!("{v:?}"),
        Literal::String(v) => v.clone(),
        Literal::List(items) => {
            let quoted = |item: &Literal| match item {
                Literal::String(v) => format!("'{v}'"),
                other => default_value(other),
            };
            // Annotations of arrays are texts: `(1, 2)`.
            format!("({})", items.iter().map(quoted).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A definition as written. The parts of a service have none of their own: theirs is that of the service.
fn source(types: &TypeSet, def: &MessageDef) -> TypeSource {
    let (encoding, text) = match types.service(&def.name) {
        Some(service) => ("srv", service.source.clone()),
        None if def.name.contains("/srv/") => ("implicit", String::new()),
        None => ("msg", def.source.clone()),
    };
    TypeSource { type_name: def.name.clone(), encoding: encoding.into(), raw_file_contents: text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use msgs::rosidl::FieldTypeId;

    fn ask(name: &str, hash: &str) -> Result<GetTypeDescriptionResponse, String> {
        let request = GetTypeDescriptionRequest {
            type_name: name.into(),
            type_hash: hash.into(),
            include_type_sources: true,
        };
        describe(msgs::types(), &request)
    }

    /// A type read back from its description has the same hash: nothing is lost.
    #[test]
    fn descriptions_of_all_types_give_their_hashes() {
        for def in msgs::types().messages() {
            let Ok(hash) = msgs::types().hash(&def.name) else { continue };
            let answer = ask(&def.name, &hash).unwrap();
            let mut types = TypeSet::default();
            let described = answer.type_description;
            let all = described.referenced_type_descriptions.iter().chain([&described.type_description]);
            for one in all {
                let fields = one.fields.iter().map(|f| Field {
                    name: f.name.clone(),
                    ty: FieldType::from_type_id(&FieldTypeId {
                        type_id: f.r#type.type_id,
                        capacity: f.r#type.capacity,
                        string_capacity: f.r#type.string_capacity,
                        nested_type_name: f.r#type.nested_type_name.clone(),
                    })
                    .unwrap(),
                    default: None,
                    doc: String::new(),
                });
                types.insert(MessageDef {
                    name: one.type_name.clone(),
                    doc: String::new(),
                    fields: fields.collect(),
                    constants: vec![],
                    source: String::new(),
                });
            }
            assert_eq!(types.hash(&def.name).as_ref(), Ok(&hash), "{}", def.name);
        }
    }

    #[test]
    fn sources_and_refusals() {
        let answer = ask("std_srvs/srv/SetBool", "").unwrap();
        let sources: Vec<_> =
            answer.type_sources.iter().map(|s| (s.type_name.as_str(), s.encoding.as_str())).collect();
        assert_eq!(sources[0], ("std_srvs/srv/SetBool", "srv"));
        assert!(sources.contains(&("std_srvs/srv/SetBool_Request", "implicit")));
        assert!(sources.contains(&("builtin_interfaces/msg/Time", "msg")));
        assert!(answer.type_sources[0].raw_file_contents.contains("bool data"));
        assert!(ask("std_msgs/msg/String", "RIHS01_00").unwrap_err().contains("not RIHS01_00"));
        assert!(ask("no/msg/Such", "").unwrap_err().starts_with("Type not currently in use"));
    }
}

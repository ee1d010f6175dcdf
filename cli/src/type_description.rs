//! Types that this program does not have: asked from the nodes that use them (`<node>/get_type_description`).

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use msgs::type_description_interfaces::msg as wire;
use msgs::type_description_interfaces::srv::{GetTypeDescription, GetTypeDescriptionRequest};
use rosidl::{Array, Base, Field, FieldType, FieldTypeId, MessageDef, TypeSet, parse_msg};
use runtime::transport::{GraphNode, TypeRef};

use crate::session::Session;

const TIMEOUT: Duration = Duration::from_secs(3);
/// The member of messages without fields.
const EMPTY_MEMBER: &str = "structure_needs_at_least_one_member";

/// Asks one node after the other.
pub fn ask<'a>(
    session: &Session,
    ty: &TypeRef,
    nodes: impl Iterator<Item = &'a GraphNode>,
) -> Result<TypeSet> {
    let mut failures = vec![];
    for node in nodes {
        let name = node.full_name();
        match ask_node(session, ty, &name) {
            Ok(types) => return Ok(types),
            Err(e) => failures.push(format!("{name}: {e:#}")),
        }
    }
    bail!(
        "type {} ({}) is not known here, and no node describes it: {}; `--raw` works without the type",
        ty.name,
        ty.hash,
        if failures.is_empty() { "none uses it".into() } else { failures.join("; ") }
    )
}

fn ask_node(session: &Session, ty: &TypeRef, node: &str) -> Result<TypeSet> {
    let service = format!("{node}/get_type_description");
    let here = session.wait_for(Duration::from_millis(500), |g| g.services().contains_key(&service))?;
    ensure!(here, "it has no service {service}");
    let request = GetTypeDescriptionRequest {
        type_name: ty.name.clone(),
        type_hash: ty.hash.clone(),
        include_type_sources: true,
    };
    let answer = session.call::<GetTypeDescription>(&service, &request, TIMEOUT)?;
    ensure!(answer.successful, "{}", answer.failure_reason);
    let types = to_types(&answer.type_description, &answer.type_sources)?;
    let hash = types.hash(&ty.name).with_context(|| format!("{service} describes another type"))?;
    ensure!(hash == ty.hash, "{service} describes another version of the type");
    Ok(types)
}

/// The definitions in a description.
fn to_types(description: &wire::TypeDescription, sources: &[wire::TypeSource]) -> Result<TypeSet> {
    let mut types = TypeSet::default();
    let all = std::iter::once(&description.type_description).chain(&description.referenced_type_descriptions);
    for one in all {
        let def = to_def(one)?;
        let source = sources.iter().find(|s| s.type_name == one.type_name && s.encoding == "msg");
        // The source has constants, defaults and comments, too.
        let parsed = source.and_then(|s| parse_msg(&one.type_name, &s.raw_file_contents).ok());
        let same = |parsed: &MessageDef| {
            parsed.fields.len() == def.fields.len()
                && parsed.fields.iter().zip(&def.fields).all(|(a, b)| a.name == b.name && a.ty == b.ty)
        };
        types.insert(parsed.filter(same).unwrap_or(def));
    }
    Ok(types)
}

fn to_def(one: &wire::IndividualTypeDescription) -> Result<MessageDef> {
    let mut fields = vec![];
    for field in one.fields.iter().filter(|f| one.fields.len() > 1 || f.name != EMPTY_MEMBER) {
        let id = FieldTypeId {
            type_id: field.r#type.type_id,
            capacity: field.r#type.capacity,
            string_capacity: field.r#type.string_capacity,
            nested_type_name: field.r#type.nested_type_name.clone(),
        };
        let ty = FieldType::from_type_id(&id).with_context(|| {
            format!("{}.{} has a type that ROS messages do not have", one.type_name, field.name)
        })?;
        fields.push(Field { name: field.name.clone(), ty, default: None, doc: String::new() });
    }
    let source = fields.iter().map(|f| format!("{} {}\n", word(&f.ty), f.name)).collect();
    Ok(MessageDef { name: one.type_name.clone(), doc: String::new(), fields, constants: vec![], source })
}

/// A field's type as a `.msg` has it.
fn word(ty: &FieldType) -> String {
    let bounded = |word: &str, bound: &Option<u64>| match bound {
        Some(n) => format!("{word}<={n}"),
        None => word.into(),
    };
    let base = match &ty.base {
        Base::Primitive(p) => format!("{p:?}").to_lowercase(),
        Base::String { bound } => bounded("string", bound),
        Base::WString { bound } => bounded("wstring", bound),
        Base::Message(name) => name.replacen("/msg/", "/", 1),
    };
    match ty.array {
        Array::Single => base,
        Array::Fixed(n) => format!("{base}[{n}]"),
        Array::Bounded(n) => format!("{base}[<={n}]"),
        Array::Unbounded => format!("{base}[]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a node would say about a type of `msgs`.
    fn describe(def: &MessageDef) -> wire::IndividualTypeDescription {
        let field = |f: &Field| {
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
        };
        wire::IndividualTypeDescription {
            type_name: def.name.clone(),
            fields: def.fields.iter().map(field).collect(),
        }
    }

    #[test]
    fn every_message_survives_its_description() {
        for def in msgs::types().messages().filter(|d| !d.fields.is_empty() && d.name.contains("/msg/")) {
            let referenced = msgs::types().referenced(&def.name).unwrap();
            let description = wire::TypeDescription {
                type_description: describe(def),
                referenced_type_descriptions: referenced.iter().map(|d| describe(d)).collect(),
            };
            if referenced.iter().any(|d| d.fields.is_empty()) {
                continue;
            }
            let types = to_types(&description, &[]).unwrap();
            assert_eq!(types.hash(&def.name).unwrap(), msgs::types().hash(&def.name).unwrap());
            // The source that was made up gives the same type.
            let again = parse_msg(&def.name, &types.get(&def.name).unwrap().source).unwrap();
            let pairs = again.fields.iter().zip(&def.fields);
            assert!(
                pairs.clone().count() == def.fields.len() && pairs.into_iter().all(|(a, b)| a.ty == b.ty)
            );
        }
    }
}

//! Types: by name as written, or of a topic on the graph.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use msgs::dynamic::{self, Value};
use rosidl::TypeSet;
use runtime::transport::{Endpoint, EndpointKind, TypeRef};

use crate::graph_names::did_you_mean;
use crate::session::Session;
use crate::type_description;

/// A type with all definitions that it needs.
pub struct KnownType {
    /// The definitions.
    pub types: Cow<'static, TypeSet>,
    /// Name and hash.
    pub ty: TypeRef,
}

impl KnownType {
    /// One of this program's.
    fn built_in(name: &str) -> Option<Self> {
        let interface = msgs::interface(name)?;
        let ty = TypeRef { name: interface.name.into(), hash: interface.hash.into() };
        Some(Self { types: Cow::Borrowed(msgs::types()), ty })
    }

    /// A message from its CDR bytes.
    pub fn decode(&self, bytes: &bytes::Bytes) -> Result<Value> {
        dynamic::decode(&self.types, &self.ty.name, bytes)
            .with_context(|| format!("not a {}; `--raw` shows the bytes", self.ty.name))
    }
}

/// A type as written, `std_msgs/String` or `std_msgs/msg/String` → its full name.
pub fn full_name(written: &str, kind: &str) -> Result<String> {
    let parts: Vec<_> = written.split('/').collect();
    match parts[..] {
        [package, name] if !package.is_empty() && !name.is_empty() => Ok(format!("{package}/{kind}/{name}")),
        [_, k, _] if k == kind => Ok(written.into()),
        _ => bail!("`{written}` is not a type; write it as `package/{kind}/Name`"),
    }
}

/// A type by name, from this program's types.
pub fn by_name(written: &str, kind: &str) -> Result<KnownType> {
    let name = full_name(written, kind)?;
    KnownType::built_in(&name).with_context(|| {
        let hint = did_you_mean(&name, msgs::interfaces().map(|i| i.name));
        format!("The passed type is invalid: {name} is not known{hint} (`atlas interface list`)")
    })
}

/// A type by name, from this program's types or from a node that has an endpoint of that type.
pub fn by_name_or_graph(session: &Session, written: &str, kind: &str) -> Result<KnownType> {
    let known = by_name(written, kind);
    if known.is_ok() {
        return known;
    }
    let name = full_name(written, kind)?;
    let endpoints = session.graph().endpoints(|e| e.ty.name == name);
    match endpoints.first() {
        Some(endpoint) => of_endpoints(session, &endpoint.ty, &endpoints),
        None => known,
    }
}

/// The type of a topic that is on the graph.
pub fn of_topic(session: &Session, topic: &str) -> Result<KnownType> {
    let is_topic = |e: &Endpoint| matches!(e.kind, EndpointKind::Publisher | EndpointKind::Subscription);
    let endpoints = session.graph().endpoints(|e| is_topic(e) && e.name == topic);
    of_endpoints(session, one_type(topic, &endpoints)?, &endpoints)
}

/// The type of a service that is on the graph.
pub fn of_service(session: &Session, service: &str) -> Result<KnownType> {
    let endpoints = session.graph().endpoints(|e| e.kind == EndpointKind::Service && e.name == service);
    of_endpoints(session, one_type(service, &endpoints)?, &endpoints)
}

fn one_type<'a>(name: &str, endpoints: &'a [Endpoint]) -> Result<&'a TypeRef> {
    let names: BTreeSet<_> = endpoints.iter().map(|e| e.ty.name.as_str()).collect();
    if names.len() > 1 {
        let names: Vec<_> = names.into_iter().collect();
        bail!("Cannot use '{name}', as it contains more than one type: [{}]", names.join(", "));
    }
    // Of several versions of one type, that of the publishers counts.
    let mut sorted: Vec<_> = endpoints.iter().collect();
    sorted.sort_by_key(|e| e.kind);
    sorted.first().map(|e| &e.ty).with_context(|| format!("{name} is not there any more"))
}

/// That very version of a type: ours if the hash is the same, else what the nodes say.
pub fn of_endpoints(session: &Session, ty: &TypeRef, endpoints: &[Endpoint]) -> Result<KnownType> {
    let ours = KnownType::built_in(&ty.name);
    match ours {
        Some(ours) if ours.ty.hash == ty.hash => Ok(ours),
        _ => {
            let mut nodes: Vec<_> =
                endpoints.iter().filter(|e| e.ty == *ty).map(|e| (e.kind, e.node.clone())).collect();
            nodes.sort();
            nodes.dedup();
            let types = type_description::ask(session, ty, nodes.iter().map(|(_, n)| n))?;
            Ok(KnownType { types: Cow::Owned(types), ty: ty.clone() })
        }
    }
}

//! A set of types that refer to each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::describe::rihs01;
use crate::model::{Array, Base, Field, FieldType, MessageDef, ServiceDef};
use crate::parse::{ParseError, full_name, parse_msg, parse_srv};

/// Message and service definitions by full name.
#[derive(Clone, Debug, Default)]
pub struct TypeSet {
    messages: BTreeMap<String, MessageDef>,
    services: BTreeMap<String, ServiceDef>,
}

/// Why a type can't be described.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum SetError {
    /// A definition does not parse.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A type is referred to but not defined.
    #[error("type {name} is not known{}", .by.as_ref().map(|b| format!(", but {b} uses it")).unwrap_or_default())]
    Unknown {
        /// The missing type.
        name: String,
        /// Who refers to it.
        by: Option<String>,
    },
    /// A type contains itself.
    #[error("type {0} contains itself")]
    Recursive(String),
}

/// Types nested deeper than this are refused; ROS's deepest standard type has 6 levels.
const MAX_DEPTH: usize = 64;

const SEPARATOR: &str = "================================================================================";

impl TypeSet {
    /// Parses and adds a `.msg`.
    pub fn add_msg(&mut self, name: &str, source: &str) -> Result<(), ParseError> {
        self.insert(parse_msg(name, source)?);
        Ok(())
    }

    /// Adds a definition made elsewhere, e.g. from a type description.
    pub fn insert(&mut self, def: MessageDef) {
        self.messages.insert(def.name.clone(), def);
    }

    /// Parses and adds a `.srv` with its request, response and event types.
    pub fn add_srv(&mut self, name: &str, source: &str) -> Result<(), ParseError> {
        let service = parse_srv(name, source)?;
        self.insert(service.request.clone());
        self.insert(service.response.clone());
        let field = |field: &str, ty: String, array| Field {
            name: field.into(),
            ty: FieldType { base: Base::Message(ty), array },
            default: None,
            doc: String::new(),
        };
        let def = |suffix: &str, fields| MessageDef {
            name: format!("{name}{suffix}"),
            doc: String::new(),
            fields,
            constants: vec![],
            source: String::new(),
        };
        let (request, response) = (format!("{name}_Request"), format!("{name}_Response"));
        self.insert(def(
            "_Event",
            vec![
                field("info", "service_msgs/msg/ServiceEventInfo".into(), Array::Single),
                field("request", request.clone(), Array::Bounded(1)),
                field("response", response.clone(), Array::Bounded(1)),
            ],
        ));
        self.insert(def(
            "",
            vec![
                field("request_message", request, Array::Single),
                field("response_message", response, Array::Single),
                field("event_message", format!("{name}_Event"), Array::Single),
            ],
        ));
        self.services.insert(name.into(), service);
        Ok(())
    }

    /// Adds the types of a recording's schema: the text of `name`, then `MSG: pkg/Type` sections for what it uses.
    pub fn add_definition(&mut self, name: &str, text: &str) -> Result<(), ParseError> {
        let package = name.split('/').next().unwrap_or_default().to_string();
        let mut parts = text.split(SEPARATOR);
        self.add_msg(name, parts.next().unwrap_or_default())?;
        for part in parts {
            let (head, body) = part.trim_start().split_once('\n').unwrap_or((part.trim(), ""));
            let error = |what: String| ParseError { name: name.into(), line: 0, what };
            let word =
                head.strip_prefix("MSG:").ok_or_else(|| error(format!("`{head}` is not `MSG: pkg/Type`")))?;
            let nested = full_name(word.trim(), &package).map_err(error)?;
            self.add_msg(&nested, body)?;
        }
        Ok(())
    }

    /// A message (or a service seen as a type of three members) by full name.
    pub fn get(&self, name: &str) -> Option<&MessageDef> {
        self.messages.get(name)
    }

    /// A service by full name.
    pub fn service(&self, name: &str) -> Option<&ServiceDef> {
        self.services.get(name)
    }

    /// All messages, sorted by name; services appear with their `_Request`, `_Response`, `_Event` and themselves.
    pub fn messages(&self) -> impl Iterator<Item = &MessageDef> {
        self.messages.values()
    }

    /// All services, sorted by name.
    pub fn services(&self) -> impl Iterator<Item = &ServiceDef> {
        self.services.values()
    }

    /// All types that `name` refers to, directly or not, sorted by name, without itself.
    pub fn referenced(&self, name: &str) -> Result<Vec<&MessageDef>, SetError> {
        let mut found = BTreeSet::new();
        self.collect(name, None, &mut found, &mut vec![])?;
        found.remove(name);
        Ok(found.into_iter().filter_map(|n| self.messages.get(n)).collect())
    }

    fn collect<'a>(
        &'a self,
        name: &'a str,
        by: Option<&str>,
        found: &mut BTreeSet<&'a str>,
        path: &mut Vec<&'a str>,
    ) -> Result<(), SetError> {
        let def = self
            .messages
            .get(name)
            .ok_or_else(|| SetError::Unknown { name: name.into(), by: by.map(Into::into) })?;
        if path.contains(&name) || path.len() >= MAX_DEPTH {
            return Err(SetError::Recursive(name.into()));
        }
        if !found.insert(&def.name) {
            return Ok(());
        }
        path.push(name);
        for field in &def.fields {
            if let Base::Message(nested) = &field.ty.base {
                self.collect(nested, Some(name), found, path)?;
            }
        }
        path.pop();
        Ok(())
    }

    /// The RIHS01 hash of a message or service.
    pub fn hash(&self, name: &str) -> Result<String, SetError> {
        let referenced = self.referenced(name)?;
        let def = self.get(name).ok_or_else(|| SetError::Unknown { name: name.into(), by: None })?;
        Ok(rihs01(def, &referenced))
    }

    /// The text that recordings carry as schema (`ros2msg`): its own definition, then one section per type it uses.
    pub fn definition(&self, name: &str) -> Result<String, SetError> {
        let referenced = self.referenced(name)?;
        let mut text = self.get(name).map(|d| d.source.clone()).unwrap_or_default();
        for other in referenced {
            let short = other.name.replacen("/msg/", "/", 1);
            text.push_str(&format!("\n{SEPARATOR}\nMSG: {short}\n{}", other.source));
        }
        Ok(text)
    }
}

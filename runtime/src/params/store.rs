//! The parameters of one running node, as its struct and by name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::did_you_mean;
use super::schema::unique;
use super::{
    Override, Overrides, ParamDescriptor, ParamError, ParamValue, Parameters, SchemaError, UnknownParameter,
    describe, yaml_dump,
};

/// The parameters that the runtime gives every node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeParams {
    /// Whether time comes from `/clock` and not from the machine.
    pub use_sim_time: bool,
}

/// A node's own parameters `P` and those of the runtime `R`, which clients see as one list.
///
/// What is stored is always allowed: every value passed its type, range, length and choices, and the structs
/// were made by their own `Deserialize`.
#[derive(Debug, Clone)]
pub struct ParamStore<P, R = RuntimeParams> {
    node_fqn: String,
    node: Section<P>,
    runtime: Section<R>,
    entries: BTreeMap<String, Entry>,
    ignored: Vec<UnknownParameter>,
}

#[derive(Debug, Clone)]
struct Entry {
    owner: Owner,
    descriptor: ParamDescriptor,
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Node,
    Runtime,
}

/// A struct, and the same as JSON, where values are found by name.
#[derive(Debug, Clone)]
struct Section<T> {
    value: T,
    json: Value,
}

impl<T: Parameters> Section<T> {
    fn from_json(json: Value) -> Result<Self, String> {
        let value: T = serde_json::from_value(json).map_err(|e| e.to_string())?;
        let json = serde_json::to_value(&value).map_err(|e| e.to_string())?;
        Ok(Self { value, json })
    }
}

/// How one change went, as `rcl_interfaces/msg/SetParametersResult`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetResult {
    /// Whether the value was set.
    pub successful: bool,
    /// Why not; empty if it was.
    pub reason: String,
}

/// Names and their prefixes, as `rcl_interfaces/msg/ListParametersResult`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListResult {
    /// Full names of parameters.
    pub names: Vec<String>,
    /// What stands before the last `.` of these names, each once.
    pub prefixes: Vec<String>,
}

impl<P: Parameters, R: Parameters> ParamStore<P, R> {
    /// `ListParameters.Request.DEPTH_RECURSIVE`: names of any depth.
    pub const DEPTH_RECURSIVE: u64 = 0;

    /// The defaults, with the overrides for this node.
    ///
    /// An unknown name is an error if the file means this node alone; below a wildcard, and for `-p` without a
    /// node, it may be for another node and is found in [`Self::ignored`].
    pub fn new(node_fqn: &str, overrides: &Overrides) -> Result<Self, ParamError> {
        let rejected = |problem| ParamError::Rejected { node: node_fqn.to_owned(), problem };
        let mut store = Self {
            node_fqn: node_fqn.to_owned(),
            node: default_section().map_err(rejected)?,
            runtime: default_section().map_err(rejected)?,
            entries: entries::<P, R>()?,
            ignored: Vec::new(),
        };
        let mut last: BTreeMap<&str, &Override> = BTreeMap::new();
        for value in overrides.for_node(node_fqn) {
            if store.entries.contains_key(&value.name) {
                last.insert(&value.name, value);
                continue;
            }
            let suggestion = store.similar(&value.name).map(str::to_owned);
            let unknown =
                UnknownParameter { origin: value.origin.clone(), name: value.name.clone(), suggestion };
            if value.node.is_exact() {
                return Err(unknown.into());
            }
            store.ignored.push(unknown);
        }
        let mut changes = Vec::with_capacity(last.len());
        for (name, given) in last {
            let Some(entry) = store.entries.get(name) else { continue };
            let value = entry.descriptor.accept(&given.value).map_err(|refusal| ParamError::Refused {
                origin: given.origin.clone(),
                refusal: Box::new(refusal),
            })?;
            changes.push((name.to_owned(), value));
        }
        store.apply(&changes).map_err(rejected)?;
        Ok(store)
    }

    /// The node's own parameters.
    pub fn node(&self) -> &P {
        &self.node.value
    }

    /// The runtime's parameters.
    pub fn runtime(&self) -> &R {
        &self.runtime.value
    }

    /// Values for names that this node does not have, given to it and others with a wildcard or by `-p`. One
    /// that every node of a process ignores is worth a warning or, from `-p`, a refusal to start.
    pub fn ignored(&self) -> &[UnknownParameter] {
        &self.ignored
    }

    /// What is known of a parameter.
    pub fn descriptor(&self, name: &str) -> Option<&ParamDescriptor> {
        self.entries.get(name).map(|entry| &entry.descriptor)
    }

    /// What is known of all parameters, by name.
    pub fn descriptors(&self) -> impl Iterator<Item = &ParamDescriptor> {
        self.entries.values().map(|entry| &entry.descriptor)
    }

    /// The present value of a parameter; `None` if there is no such parameter.
    pub fn get(&self, name: &str) -> Option<ParamValue> {
        let entry = self.entries.get(name)?;
        let json = match entry.owner {
            Owner::Node => &self.node.json,
            Owner::Runtime => &self.runtime.json,
        };
        ParamValue::from_json(entry.descriptor.kind, json.pointer(&entry.descriptor.pointer)?)
    }

    /// Names below any of `prefixes`, or all if there are none, as `rclcpp` lists them: with at most
    /// `depth` parts after the prefix, or any number for [`Self::DEPTH_RECURSIVE`].
    pub fn list(&self, prefixes: &[String], depth: u64) -> ListResult {
        let recursive = depth == Self::DEPTH_RECURSIVE;
        let shallow = |rest: &str| recursive || (rest.matches('.').count() as u64) < depth;
        let below = |name: &str, prefix: &str| match name.strip_prefix(prefix) {
            Some("") => true,
            Some(rest) => rest.strip_prefix('.').is_some_and(shallow),
            None => false,
        };
        let mut found = ListResult::default();
        for name in self.entries.keys() {
            let listed = if prefixes.is_empty() {
                shallow(name)
            } else {
                prefixes.iter().any(|prefix| below(name, prefix))
            };
            if !listed {
                continue;
            }
            if let Some((prefix, _)) = name.rsplit_once('.')
                && !found.prefixes.iter().any(|p| p == prefix)
            {
                found.prefixes.push(prefix.to_owned());
            }
            found.names.push(name.clone());
        }
        found
    }

    /// Sets each value by itself; one that is refused does not hold back the others. After a success
    /// [`Self::node`] and [`Self::runtime`] have the new values.
    pub fn set(&mut self, changes: &[(String, ParamValue)]) -> Vec<SetResult> {
        changes.iter().map(|change| self.set_atomically(std::slice::from_ref(change))).collect()
    }

    /// Sets all values or, if one is refused, none.
    pub fn set_atomically(&mut self, changes: &[(String, ParamValue)]) -> SetResult {
        let result = self.checked(changes).and_then(|changes| self.apply(&changes));
        SetResult { successful: result.is_ok(), reason: result.err().unwrap_or_default() }
    }

    /// The present values as `ros2 param dump` prints them.
    pub fn to_yaml(&self) -> String {
        let values: Vec<(&str, ParamValue)> =
            self.entries.keys().filter_map(|name| Some((name.as_str(), self.get(name)?))).collect();
        yaml_dump(&self.node_fqn, values.iter().map(|(name, value)| (*name, value)))
    }

    /// The changes with each value as it is stored, or why they are refused; where there are any, in the
    /// words of `rclcpp`.
    fn checked(&self, changes: &[(String, ParamValue)]) -> Result<Vec<(String, ParamValue)>, String> {
        if changes.is_empty() {
            return Err("parameter list cannot be empty".into());
        }
        let check = |(name, value): &(String, ParamValue)| {
            let Some(Entry { descriptor, .. }) = self.entries.get(name) else {
                let hint = did_you_mean(self.similar(name));
                return Err(format!("parameter '{name}' cannot be set because it was not declared{hint}"));
            };
            if descriptor.read_only {
                return Err(format!("parameter '{name}' cannot be set because it is read-only"));
            }
            if *value == ParamValue::NotSet {
                return Err("cannot undeclare a statically typed parameter".into());
            }
            let value = descriptor.accept(value).map_err(|refusal| refusal.to_string())?;
            Ok((name.clone(), value))
        };
        changes.iter().map(check).collect()
    }

    /// Stores values that are allowed one by one; the structs may still refuse them together.
    fn apply(&mut self, changes: &[(String, ParamValue)]) -> Result<(), String> {
        let (mut node, mut runtime) = (self.node.json.clone(), self.runtime.json.clone());
        for (name, value) in changes {
            let Some(Entry { owner, descriptor }) = self.entries.get(name) else { continue };
            let json = match owner {
                Owner::Node => &mut node,
                Owner::Runtime => &mut runtime,
            };
            if let Some(place) = json.pointer_mut(&descriptor.pointer) {
                *place = value.to_json();
            }
        }
        let (node, runtime) = (Section::from_json(node)?, Section::from_json(runtime)?);
        (self.node, self.runtime) = (node, runtime);
        Ok(())
    }

    /// The parameter that `name` may have been meant to be.
    fn similar(&self, name: &str) -> Option<&str> {
        const ALIKE: f64 = 0.85;
        if name.len() > 255 {
            return None;
        }
        let alike = |known: &str| {
            let last = known.rsplit('.').next().unwrap_or(known);
            strsim::jaro_winkler(name, known).max(strsim::jaro_winkler(name, last))
        };
        self.entries
            .keys()
            .map(|known| (alike(known), known.as_str()))
            .filter(|(alike, _)| *alike >= ALIKE)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, known)| known)
    }
}

fn default_section<T: Parameters>() -> Result<Section<T>, String> {
    Section::from_json(serde_json::to_value(T::default()).map_err(|e| e.to_string())?)
}

fn entries<P: Parameters, R: Parameters>() -> Result<BTreeMap<String, Entry>, SchemaError> {
    let mut all = Vec::new();
    let mut entries = BTreeMap::new();
    for (owner, list) in [(Owner::Node, describe::<P>()?), (Owner::Runtime, describe::<R>()?)] {
        for descriptor in list {
            all.push(descriptor.clone());
            entries.insert(descriptor.name.clone(), Entry { owner, descriptor });
        }
    }
    all.sort_by(|a, b| a.name.split('.').cmp(b.name.split('.')));
    unique(&all).map_err(|(field, problem)| SchemaError {
        type_name: P::schema_name().into_owned(),
        field,
        problem,
    })?;
    Ok(entries)
}

#[cfg(test)]
mod tests;

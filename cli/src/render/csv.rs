//! Messages as `ros2 topic echo --csv` prints them.

use super::tree::{Limits, Node};
use super::{python, to_tree};
use msgs::dynamic::Value;
use rosidl::TypeSet;

/// All values in order, with commas.
pub fn to_csv(types: &TypeSet, name: &str, value: &Value, limits: Limits) -> String {
    let mut values = vec![];
    collect(&to_tree(types, name, value, limits), &mut values);
    values.join(",")
}

fn collect(node: &Node, values: &mut Vec<String>) {
    match node {
        Node::Bool(v) => values.push(if *v { "True" } else { "False" }.into()),
        Node::Int(v) => values.push(v.to_string()),
        Node::Float(v) => values.push(python::float(*v)),
        Node::Text(v) => values.push(v.clone()),
        Node::List(items) if items.is_empty() => values.push(String::new()),
        Node::List(items) => items.iter().for_each(|i| collect(i, values)),
        Node::Map(fields) => fields.iter().for_each(|(_, v)| collect(v, values)),
    }
}

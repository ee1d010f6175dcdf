//! Checks of OSM XML, and of Lanelet2 maps in it: whether what refers to something finds it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Report, Severity};
use crate::error::{MapError, Place};

/// What other elements refer to.
#[derive(Default)]
struct Elements {
    /// Line by id.
    nodes: BTreeMap<String, u32>,
    ways: BTreeMap<String, u32>,
    relations: BTreeMap<String, u32>,
    used_nodes: BTreeSet<String>,
    tagged_nodes: BTreeSet<String>,
}

type Node<'a> = roxmltree::Node<'a, 'a>;

struct Check<'r> {
    file: &'r Path,
    lines: Vec<usize>,
    report: &'r mut Report,
    elements: Elements,
}

pub(super) fn check(file: &Path, text: &str, report: &mut Report) -> Result<(), MapError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = roxmltree::Document::parse(text).map_err(|error| {
        let place = Place { file: file.to_owned(), line: error.pos().row, ..Place::default() };
        MapError::Content { place, what: format!("not well-formed XML: {error}") }
    })?;
    let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
    let lines = std::iter::once(0).chain(breaks).collect();
    let mut check = Check { file, lines, report, elements: Elements::default() };
    let root = document.root_element();
    if !root.has_tag_name("osm") {
        let place = check.place(root);
        return Err(MapError::Content {
            place,
            what: format!("this is <{}>, expected <osm>", root.tag_name().name()),
        });
    }
    let named = |name: &'static str| root.children().filter(move |n| n.has_tag_name(name));
    named("node").for_each(|n| check.node(n));
    named("way").for_each(|w| check.collect(w));
    named("relation").for_each(|r| check.collect(r));
    named("way").for_each(|w| check.way(w));
    named("relation").for_each(|r| check.relation(r));
    check.unused_nodes();
    let lanelets = named("relation").filter(|r| tag(*r, "type") == Some("lanelet")).count();
    check.report.counts = vec![
        ("nodes", check.elements.nodes.len()),
        ("ways", check.elements.ways.len()),
        ("relations", check.elements.relations.len()),
        ("lanelets", lanelets),
    ];
    if check.elements.nodes.is_empty() {
        let place = check.place(root);
        check.report.add(Severity::Error, "empty", place, "there is no node in it");
    }
    Ok(())
}

fn tag<'a>(element: Node<'a>, key: &str) -> Option<&'a str> {
    let tags = element.children().filter(|c| c.has_tag_name("tag"));
    tags.filter(|t| t.attribute("k") == Some(key)).find_map(|t| t.attribute("v"))
}

impl Check<'_> {
    fn place(&self, node: Node<'_>) -> Place {
        let line = self.lines.partition_point(|start| *start <= node.range().start) as u32;
        Place { file: self.file.to_owned(), line, ..Place::default() }
    }

    fn add(&mut self, severity: Severity, check: &'static str, node: Node<'_>, what: String) {
        let place = self.place(node);
        self.report.add(severity, check, place, what);
    }

    fn id<'a>(&mut self, element: Node<'a>) -> Option<&'a str> {
        let id = element.attribute("id").filter(|id| id.parse::<i64>().is_ok());
        if id.is_none() {
            let name = element.tag_name().name();
            self.add(Severity::Error, "id", element, format!("this <{name}> lacks a number as its `id`"));
        }
        id
    }

    fn node(&mut self, node: Node<'_>) {
        let Some(id) = self.id(node) else { return };
        for (name, limit) in [("lat", 90.0), ("lon", 180.0)] {
            let value = node.attribute(name).and_then(|v| v.parse::<f64>().ok());
            let fits = value.is_some_and(|v| v.abs() <= limit);
            // Lanelet2 maps may have their places in metres only.
            let local = tag(node, "local_x").is_some() && tag(node, "local_y").is_some();
            if !fits && !local {
                let what = format!("node {id}: `{name}` is not a number between -{limit} and {limit}");
                self.add(Severity::Error, "position", node, what);
            }
        }
        self.tags(node, id);
        if node.children().any(|c| c.has_tag_name("tag")) {
            self.elements.tagged_nodes.insert(id.to_string());
        }
        self.collect(node);
    }

    /// Notes an element, and that no other has its id.
    fn collect(&mut self, element: Node<'_>) {
        let Some(id) = element.attribute("id") else { return };
        let line = self.place(element).line;
        let name = element.tag_name().name();
        let known = match name {
            "node" => &mut self.elements.nodes,
            "way" => &mut self.elements.ways,
            _ => &mut self.elements.relations,
        };
        let first = *known.entry(id.to_string()).or_insert(line);
        if first != line {
            self.add(
                Severity::Error,
                "duplicate",
                element,
                format!("{name} {id} is in line {first} already"),
            );
        }
    }

    fn tags(&mut self, element: Node<'_>, id: &str) {
        let name = element.tag_name().name();
        let mut seen = BTreeSet::new();
        for tag in element.children().filter(|c| c.has_tag_name("tag")) {
            match (tag.attribute("k"), tag.attribute("v")) {
                (Some(key), Some(_)) if seen.insert(key) => {}
                (Some(key), Some(_)) => {
                    self.add(Severity::Warning, "tag", tag, format!("{name} {id} has the tag `{key}` twice"));
                }
                _ => self.add(Severity::Error, "tag", tag, format!("a tag of {name} {id} lacks `k` or `v`")),
            }
        }
    }

    fn way(&mut self, way: Node<'_>) {
        let Some(id) = self.id(way) else { return };
        self.tags(way, id);
        let mut refs: Vec<&str> = vec![];
        for nd in way.children().filter(|c| c.has_tag_name("nd")) {
            let Some(reference) = nd.attribute("ref") else {
                self.add(Severity::Error, "reference", nd, format!("a <nd> of way {id} lacks its `ref`"));
                continue;
            };
            if !self.elements.nodes.contains_key(reference) {
                self.add(Severity::Error, "reference", nd, format!("way {id}: there is no node {reference}"));
            }
            if refs.last() == Some(&reference) {
                self.add(
                    Severity::Warning,
                    "repeated",
                    nd,
                    format!("way {id} has node {reference} twice in a row"),
                );
            }
            self.elements.used_nodes.insert(reference.to_string());
            refs.push(reference);
        }
        if refs.len() < 2 {
            let what = format!("way {id} has {} node(s): a line has 2 or more", refs.len());
            self.add(Severity::Error, "short", way, what);
        }
    }

    fn relation(&mut self, relation: Node<'_>) {
        let Some(id) = self.id(relation) else { return };
        self.tags(relation, id);
        let mut roles: Vec<(&str, &str)> = vec![];
        for member in relation.children().filter(|c| c.has_tag_name("member")) {
            let (kind, reference) = (member.attribute("type"), member.attribute("ref"));
            let (Some(kind), Some(reference)) = (kind, reference) else {
                let what = format!("a member of relation {id} lacks `type` or `ref`");
                self.add(Severity::Error, "reference", member, what);
                continue;
            };
            let known = match kind {
                "node" => self.elements.nodes.contains_key(reference),
                "way" => self.elements.ways.contains_key(reference),
                "relation" => self.elements.relations.contains_key(reference),
                _ => false,
            };
            if kind == "node" {
                self.elements.used_nodes.insert(reference.to_string());
            }
            if !known {
                let what = format!("relation {id}: there is no {kind} {reference}");
                self.add(Severity::Error, "reference", member, what);
            }
            roles.push((member.attribute("role").unwrap_or(""), kind));
        }
        match tag(relation, "type") {
            Some("lanelet") => self.lanelet(relation, id, &roles),
            Some(_) => {}
            None => {
                self.add(
                    Severity::Warning,
                    "tag",
                    relation,
                    format!("relation {id} does not say its `type`"),
                );
            }
        }
    }

    fn lanelet(&mut self, relation: Node<'_>, id: &str, roles: &[(&str, &str)]) {
        for side in ["left", "right"] {
            let count = roles.iter().filter(|(role, kind)| *role == side && *kind == "way").count();
            if count == 0 {
                let what = format!("lanelet {id} has no {side} bound");
                self.add(Severity::Error, "bound", relation, what);
            } else if count > 1 {
                let what = format!("lanelet {id} has {count} {side} bounds");
                self.add(Severity::Error, "bound", relation, what);
            }
        }
        if tag(relation, "subtype").is_none() {
            self.add(Severity::Warning, "tag", relation, format!("lanelet {id} does not say its `subtype`"));
        }
    }

    fn unused_nodes(&mut self) {
        let elements = &self.elements;
        let unused: Vec<(String, u32)> = elements
            .nodes
            .iter()
            .filter(|(id, _)| !elements.used_nodes.contains(*id) && !elements.tagged_nodes.contains(*id))
            .map(|(id, line)| (id.clone(), *line))
            .collect();
        for (id, line) in unused {
            let place = Place { file: self.file.to_owned(), line, ..Place::default() };
            self.report.add(Severity::Warning, "unused", place, format!("nothing refers to node {id}"));
        }
    }
}

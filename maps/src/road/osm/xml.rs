//! OSM XML: <https://wiki.openstreetmap.org/wiki/OSM_XML>.

use std::path::Path;

use roxmltree::{Document, Node};

use super::import::Import;
use super::{Member, MemberKind, Tags, wrong};
use crate::error::MapError;
use crate::geo::Wgs84;

pub(super) fn read(file: &Path, text: &str, import: &mut Import) -> Result<(), MapError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = Document::parse(text)
        .map_err(|error| wrong(file, error.pos().row, format!("not well-formed XML: {error}")))?;
    let root = document.root_element();
    let source = Source { file, document: &document };
    if !root.has_tag_name("osm") {
        return Err(source.wrong(root, format!("this is <{}>, expected <osm>", root.tag_name().name())));
    }
    let named = |name: &'static str| root.children().filter(move |n| n.has_tag_name(name));
    for way in named("way").filter(|w| !is_deleted(*w)) {
        let refs = way.children().filter(|c| c.has_tag_name("nd"));
        let refs = refs.map(|nd| source.number(nd, "ref")).collect::<Result<_, _>>()?;
        import.way(source.number(way, "id")?, refs, Tags(&tags(way)));
    }
    for relation in named("relation").filter(|r| !is_deleted(*r)) {
        let members = relation.children().filter(|c| c.has_tag_name("member"));
        let members = members.map(|m| source.member(m)).collect::<Result<Vec<_>, _>>()?;
        import.relation(source.number(relation, "id")?, Tags(&tags(relation)), &members);
    }
    import.want_nodes();
    for node in named("node").filter(|n| !is_deleted(*n)) {
        let id: i64 = source.number(node, "id")?;
        if import.wants(id) {
            let place = Wgs84::new(source.number(node, "lat")?, source.number(node, "lon")?);
            if !import.node(id, place, Tags(&tags(node))) {
                return Err(source.wrong(node, format!("node {id}: `lat` is within ±90, `lon` within ±180")));
            }
        }
    }
    Ok(())
}

/// Editors leave what was deleted in their files.
fn is_deleted(element: Node<'_, '_>) -> bool {
    element.attribute("action") == Some("delete") || element.attribute("visible") == Some("false")
}

fn tags<'a>(element: Node<'a, '_>) -> Vec<(&'a str, &'a str)> {
    let tags = element.children().filter(|c| c.has_tag_name("tag"));
    tags.filter_map(|t| Some((t.attribute("k")?, t.attribute("v")?))).collect()
}

struct Source<'a> {
    file: &'a Path,
    document: &'a Document<'a>,
}

impl Source<'_> {
    fn wrong(&self, node: Node<'_, '_>, what: String) -> MapError {
        wrong(self.file, self.document.text_pos_at(node.range().start).row, what)
    }

    fn number<T: std::str::FromStr>(&self, node: Node<'_, '_>, name: &str) -> Result<T, MapError> {
        let text = node.attribute(name).unwrap_or_default();
        text.trim().parse().map_err(|_| {
            let element = node.tag_name().name();
            self.wrong(node, format!("`{name}` of this <{element}> is `{text}`, expected a number"))
        })
    }

    fn member<'n>(&self, member: Node<'n, '_>) -> Result<Member<'n>, MapError> {
        let kind = match member.attribute("type") {
            Some("node") => MemberKind::Node,
            Some("way") => MemberKind::Way,
            _ => MemberKind::Other,
        };
        let role = member.attribute("role").unwrap_or_default();
        Ok(Member { kind, id: self.number(member, "ref")?, role })
    }
}

//! Roads and junctions, and how they are written as OpenDRIVE.

use std::fmt::Write;

use super::curve::{Curve, Piece, Pose, end_of, join, wrap};

/// A lane of a section: type, width at its beginning and end (m), line on its outer edge.
#[derive(Clone, Copy, Debug)]
pub struct LaneSpec {
    pub kind: &'static str,
    pub width: (f64, f64),
    pub line: &'static str,
}

pub fn lane(kind: &'static str, width: f64, line: &'static str) -> LaneSpec {
    LaneSpec { kind, width: (width, width), line }
}

/// A lane section; lanes from the middle outwards.
#[derive(Clone, Debug)]
pub struct SectionSpec {
    pub length: f64,
    pub left: Vec<LaneSpec>,
    pub middle: &'static str,
    pub right: Vec<LaneSpec>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Start,
    End,
}

pub struct Road {
    pub id: usize,
    pub name: String,
    pub kind: &'static str,
    pub limit_kmh: f64,
    pub start: Pose,
    pub pieces: Vec<Piece>,
    pub sections: Vec<SectionSpec>,
    /// For a connecting road: junction, the ends that it joins.
    pub connecting: Option<(usize, Port, Port)>,
    /// Element and id that its start and end lead to.
    pub links: [Option<(&'static str, usize)>; 2],
    pub objects: String,
    pub signals: String,
}

/// A drivable lane at the end of a road.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    pub road: usize,
    pub end: End,
    pub lane: i32,
    /// Middle of the lane, in driving direction.
    pub pose: Pose,
    pub width: f64,
}

struct Junction {
    /// Incoming lane, connecting road.
    connections: Vec<(Port, usize)>,
    /// By road: high, low.
    priorities: Vec<(usize, usize)>,
}

#[derive(Default)]
pub struct Network {
    pub roads: Vec<Road>,
    junctions: Vec<Junction>,
    next_object: usize,
    next_signal: usize,
}

impl Road {
    pub fn length(&self) -> f64 {
        self.pieces.iter().map(|p| p.0).sum()
    }

    pub fn end(&self) -> Pose {
        self.pieces.iter().copied().fold(self.start, end_of)
    }
}

impl Network {
    pub fn road(
        &mut self,
        name: &str,
        (kind, limit_kmh): (&'static str, f64),
        start: Pose,
        pieces: Vec<Piece>,
        sections: Vec<SectionSpec>,
    ) -> usize {
        let id = self.roads.len();
        self.roads.push(Road {
            id,
            name: name.into(),
            kind,
            limit_kmh,
            start,
            pieces,
            sections,
            connecting: None,
            links: [None, None],
            objects: String::new(),
            signals: String::new(),
        });
        id
    }

    /// A road between two poses with the same lanes all along.
    pub fn plain(
        &mut self,
        name: &str,
        kind: (&'static str, f64),
        from: Pose,
        to: Pose,
        lanes: &SectionSpec,
    ) -> usize {
        self.road(name, kind, from, join(from, to), vec![lanes.clone()])
    }

    /// Drivable lanes that lead into (or out of) a junction at the end of a road.
    fn ports(&self, road: usize, end: End, leading_in: bool) -> Vec<Port> {
        let of = &self.roads[road];
        let along = (end == End::End) == leading_in;
        let pose = if end == End::End { of.end() } else { of.start };
        let section = if end == End::End { of.sections.last() } else { of.sections.first() }.unwrap();
        let (lanes, sign) = if along { (&section.right, -1.0) } else { (&section.left, 1.0) };
        // Connecting roads have their lane on the reference line.
        let mut t = 0.0;
        let mut ports = vec![];
        for (i, lane) in lanes.iter().enumerate() {
            let width = if end == End::End { lane.width.1 } else { lane.width.0 };
            if lane.kind == "driving" && width > 1.0 {
                let middle = pose.moved(0.0, sign * (t + 0.5 * width));
                let pose = if along { middle } else { middle.reversed() };
                ports.push(Port { road, end, lane: (i as i32 + 1) * sign as i32, pose, width });
            }
            t += width;
        }
        ports
    }

    /// A junction of road ends: from each lane to each lane of the other roads, but for what `permits` refuses.
    pub fn junction(
        &mut self,
        arms: &[(usize, End)],
        limit_kmh: f64,
        permits: impl Fn(&Port, &Port) -> bool,
    ) -> usize {
        let junction = self.junctions.len();
        let mut connections = vec![];
        for (road, end) in arms {
            let link = usize::from(*end == End::End);
            self.roads[*road].links[link] = Some(("junction", junction));
        }
        for (from_road, from_end) in arms {
            for from in self.ports(*from_road, *from_end, true) {
                for (to_road, to_end) in arms.iter().filter(|(r, e)| r != from_road || e != from_end) {
                    for to in self.ports(*to_road, *to_end, false) {
                        if permits(&from, &to) {
                            let road = self.connecting(junction, from, to, limit_kmh);
                            connections.push((from, road));
                        }
                    }
                }
            }
        }
        self.junctions.push(Junction { connections, priorities: vec![] });
        junction
    }

    fn connecting(&mut self, junction: usize, from: Port, to: Port, limit_kmh: f64) -> usize {
        let lanes = SectionSpec {
            length: 0.0,
            left: vec![],
            middle: "none",
            right: vec![LaneSpec { kind: "driving", width: (from.width, to.width), line: "none" }],
        };
        let pieces = join(from.pose, to.pose);
        let id = self.road("", ("lowSpeed", limit_kmh), from.pose, pieces, vec![lanes]);
        self.roads[id].connecting = Some((junction, from, to));
        id
    }

    pub fn priority(&mut self, junction: usize, high: usize, low: usize) {
        self.junctions[junction].priorities.push((high, low));
    }

    pub fn object(
        &mut self,
        road: usize,
        (kind, name): (&str, &str),
        at: [f64; 3],
        size: [f64; 3],
        inner: &str,
    ) {
        let id = self.next_object;
        self.next_object += 1;
        let [s, t, heading] = at;
        let [length, width, height] = size;
        let body = if inner.is_empty() { "/>".to_string() } else { format!(">{inner}</object>") };
        let _ = writeln!(
            self.roads[road].objects,
            r#"      <object id="{id}" type="{kind}" name="{name}" s="{}" t="{}" zOffset="0" hdg="{}" orientation="none" length="{}" width="{}" height="{}"{body}"#,
            n(s),
            n(t),
            n(heading),
            n(length),
            n(width),
            n(height),
        );
    }

    /// A sign of Germany's catalogue for one direction of a road.
    pub fn sign(&mut self, road: usize, code: &str, s: f64, t: f64, along: bool, value: &str) {
        let id = self.next_signal;
        self.next_signal += 1;
        let orientation = if along { "+" } else { "-" };
        let _ = writeln!(
            self.roads[road].signals,
            r#"      <signal id="{id}" name="" s="{}" t="{}" zOffset="2.2" hOffset="0" orientation="{orientation}" dynamic="no" country="DE" type="{code}" subtype="-1"{value} height="0.6" width="0.6"/>"#,
            n(s),
            n(t),
        );
    }

    /// The whole file.
    pub fn to_opendrive(&self, name: &str, projection: &str) -> String {
        let mut text = String::new();
        let _ = writeln!(text, r#"<?xml version="1.0" encoding="UTF-8"?>"#);
        let _ = writeln!(text, "<!-- Written by maps/tests/terminal_yard; do not edit. -->");
        let _ = writeln!(text, "<OpenDRIVE>");
        let _ = writeln!(text, r#"  <header revMajor="1" revMinor="7" name="{name}" version="1">"#);
        let _ = writeln!(text, "    <geoReference><![CDATA[{projection}]]></geoReference>");
        let _ = writeln!(text, "  </header>");
        for road in &self.roads {
            write_road(&mut text, road);
        }
        for (id, Junction { connections, priorities }) in self.junctions.iter().enumerate() {
            let _ = writeln!(text, r#"  <junction id="{id}" name="">"#);
            for (i, (from, road)) in connections.iter().enumerate() {
                let _ = writeln!(
                    text,
                    r#"    <connection id="{i}" incomingRoad="{}" connectingRoad="{road}" contactPoint="start"><laneLink from="{}" to="-1"/></connection>"#,
                    from.road, from.lane
                );
            }
            for (high, low) in priorities {
                let _ = writeln!(text, r#"    <priority high="{high}" low="{low}"/>"#);
            }
            let _ = writeln!(text, "  </junction>");
        }
        text.push_str("</OpenDRIVE>\n");
        text
    }
}

/// Numbers with a micrometre, or a nanoradian, and no more digits than needed.
pub fn n(value: f64) -> String {
    let text = format!("{value:.9}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

fn write_road(text: &mut String, road: &Road) {
    let junction = road.connecting.map_or("-1".to_string(), |(junction, ..)| junction.to_string());
    let _ = writeln!(
        text,
        r#"  <road id="{}" name="{}" length="{}" junction="{junction}" rule="RHT">"#,
        road.id,
        road.name,
        n(road.length())
    );
    let _ = writeln!(text, "    <link>");
    for (tag, i) in [("predecessor", 0), ("successor", 1)] {
        if let Some((_, from, to)) = road.connecting {
            let port = if i == 0 { from } else { to };
            let contact = if port.end == End::End { "end" } else { "start" };
            let _ = writeln!(
                text,
                r#"      <{tag} elementType="road" elementId="{}" contactPoint="{contact}"/>"#,
                port.road
            );
        } else if let Some((element, id)) = road.links[i] {
            let _ = writeln!(text, r#"      <{tag} elementType="{element}" elementId="{id}"/>"#);
        }
    }
    let _ = writeln!(text, "    </link>");
    let (kind, limit) = (road.kind, n(road.limit_kmh));
    let _ = writeln!(text, r#"    <type s="0" type="{kind}"><speed max="{limit}" unit="km/h"/></type>"#);
    write_plan(text, road);
    let _ = writeln!(text, "    <lanes>");
    if road.connecting.is_some() {
        let (a, b) = road.sections[0].right[0].width;
        let slope = 0.5 * (b - a) / road.length();
        let _ =
            writeln!(text, r#"      <laneOffset s="0" a="{}" b="{}" c="0" d="0"/>"#, n(0.5 * a), n(slope));
    }
    write_sections(text, road);
    let _ = writeln!(text, "    </lanes>");
    for (tag, inner) in [("objects", &road.objects), ("signals", &road.signals)] {
        if !inner.is_empty() {
            let _ = writeln!(text, "    <{tag}>\n{inner}    </{tag}>");
        }
    }
    let _ = writeln!(text, "  </road>");
}

fn write_plan(text: &mut String, road: &Road) {
    let _ = writeln!(text, "    <planView>");
    let (mut s, mut pose) = (0.0, road.start);
    for piece in &road.pieces {
        let shape = match piece.1 {
            Curve::Line => "<line/>".to_string(),
            Curve::Spiral(from, to) if from == to => format!(r#"<arc curvature="{}"/>"#, n(from)),
            Curve::Spiral(from, to) => format!(r#"<spiral curvStart="{}" curvEnd="{}"/>"#, n(from), n(to)),
            Curve::Cubic(u, v) => {
                let numbers = |k: [f64; 4], name: &str| -> String {
                    let of =
                        |(i, k): (usize, f64)| format!(r#" {}{name}="{}""#, ["a", "b", "c", "d"][i], n(k));
                    k.into_iter().enumerate().map(of).collect()
                };
                format!(r#"<paramPoly3 pRange="normalized"{}{}/>"#, numbers(u, "U"), numbers(v, "V"))
            }
        };
        let _ = writeln!(
            text,
            r#"      <geometry s="{}" x="{}" y="{}" hdg="{}" length="{}">{shape}</geometry>"#,
            n(s),
            n(pose.at.x),
            n(pose.at.y),
            n(wrap(pose.heading)),
            n(piece.0),
        );
        s += piece.0;
        pose = end_of(pose, *piece);
    }
    let _ = writeln!(text, "    </planView>");
}

fn write_sections(text: &mut String, road: &Road) {
    let mut s = 0.0;
    for (i, section) in road.sections.iter().enumerate() {
        let _ = writeln!(text, r#"      <laneSection s="{}">"#, n(s));
        let length = if road.sections.len() == 1 { road.length() } else { section.length };
        for (side, lanes, sign) in [("left", &section.left, 1), ("right", &section.right, -1)] {
            if sign < 0 {
                let line = section.middle;
                let _ = writeln!(
                    text,
                    r#"        <center><lane id="0" type="none"><roadMark sOffset="0" type="{line}" width="0.12" color="standard"/></lane></center>"#
                );
            }
            if lanes.is_empty() {
                continue;
            }
            let _ = writeln!(text, "        <{side}>");
            let mut numbered: Vec<_> =
                lanes.iter().enumerate().map(|(k, l)| ((k as i32 + 1) * sign, l)).collect();
            numbered.sort_by_key(|(id, _)| -id);
            for (id, lane) in numbered {
                write_lane(text, road, i, id, lane, length);
            }
            let _ = writeln!(text, "        </{side}>");
        }
        let _ = writeln!(text, "      </laneSection>");
        s += section.length;
    }
}

fn write_lane(text: &mut String, road: &Road, section: usize, id: i32, lane: &LaneSpec, length: f64) {
    // Within a road lanes keep their numbers.
    let has = |at: Option<usize>| {
        let other = at.and_then(|at| road.sections.get(at));
        other.is_some_and(|o| if id > 0 { o.left.len() } else { o.right.len() } >= id.unsigned_abs() as usize)
    };
    let mut link = String::new();
    let (before, after) = match road.connecting {
        Some((_, from, to)) => (Some(from.lane), Some(to.lane)),
        None => (has(section.checked_sub(1)).then_some(id), has(Some(section + 1)).then_some(id)),
    };
    for (tag, id) in [("predecessor", before), ("successor", after)] {
        if let Some(id) = id {
            let _ = write!(link, r#"<{tag} id="{id}"/>"#);
        }
    }
    let (a, b) = lane.width;
    let (kind, line) = (lane.kind, lane.line);
    // Lanes open and close smoothly, or their middles would have a kink; connecting roads have theirs on the reference line.
    let cubic = match road.connecting {
        Some(_) => [a, (b - a) / length, 0.0, 0.0],
        None => [a, 0.0, 3.0 * (b - a) / length.powi(2), -2.0 * (b - a) / length.powi(3)],
    }
    .map(n);
    let _ = writeln!(
        text,
        r#"          <lane id="{id}" type="{kind}"><link>{link}</link><width sOffset="0" a="{}" b="{}" c="{}" d="{}"/><roadMark sOffset="0" type="{line}" width="0.12" color="standard"/></lane>"#,
        cubic[0], cubic[1], cubic[2], cubic[3],
    );
}

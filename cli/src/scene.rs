//! A map from above.

use glam::{DVec2, DVec3};
use maps::{Lane, LaneKind, Map, ObjectShape, Route};
use plot::{Color, Fill, Panel, Stroke};

/// Draws lanes and things beside them.
pub fn roads(panel: &mut Panel, map: &Map) {
    let flat = |p: &DVec3| p.truncate();
    let outline = |lane: &Lane| {
        let back = lane.right_edge.iter().rev().map(flat);
        lane.left_edge.iter().map(flat).chain(back).collect::<Vec<_>>()
    };
    for kind in [LaneKind::Sidewalk, LaneKind::Other, LaneKind::Driving] {
        for lane in &map.lanes {
            let (drawn, color) = match lane.kind {
                LaneKind::Driving | LaneKind::Parking => (LaneKind::Driving, Color::ROAD),
                LaneKind::Sidewalk | LaneKind::Biking => (LaneKind::Sidewalk, Color::new(0xe6, 0xe4, 0xdc)),
                _ => (LaneKind::Other, Color::new(0xda, 0xde, 0xd6)),
            };
            if drawn == kind {
                // The edge closes the hairlines between neighbours.
                panel.area(outline(lane), Fill::new(color).edge(color, 0.6));
            }
        }
    }
    for lane in map.lanes.iter().filter(|l| l.kind.is_drivable() && l.junction.is_none()) {
        for edge in [&lane.left_edge, &lane.right_edge] {
            panel.line(edge.iter().map(flat), Stroke::new(Color::PAPER.opacity(0.9)).width(0.7));
        }
    }
    for object in map.objects.iter().filter(|o| o.is_solid()) {
        let around = DVec2::from_angle(object.heading);
        let middle = object.position.truncate();
        let corners = match &object.shape {
            ObjectShape::Outline(points) => points.clone(),
            ObjectShape::Box { length_m, width_m } => {
                let half = DVec2::new(0.5 * length_m, 0.5 * width_m);
                let corner = |x: f64, y: f64| middle + around.rotate(half * DVec2::new(x, y));
                vec![corner(1.0, 1.0), corner(-1.0, 1.0), corner(-1.0, -1.0), corner(1.0, -1.0)]
            }
            ObjectShape::Cylinder { radius_m } => {
                let angle = |n: i32| DVec2::from_angle(f64::from(n) * std::f64::consts::TAU / 12.0);
                (0..12).map(|n| middle + angle(n) * *radius_m).collect()
            }
        };
        panel.area(corners, Fill::new(Color::BUILDING).edge(Color::new(0xb8, 0xa8, 0x94), 0.6));
    }
}

/// The middle of the lanes of a route.
pub fn route_line(map: &Map, route: &Route) -> Vec<DVec2> {
    let mut line = vec![];
    for segment in &route.segments {
        let centre = &map.lane(segment.lane).centre;
        let (from, to) = (segment.from_s, segment.to_s);
        line.push(centre.at(from).position.truncate());
        let between = centre.points().iter().filter(|p| p.s > from && p.s < to);
        line.extend(between.map(|p| p.position.truncate()));
        line.push(centre.at(to).position.truncate());
    }
    line
}

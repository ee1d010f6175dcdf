//! A map from above.

use glam::{DVec2, DVec3};
use maps::{Lane, LaneKind, LanePosition, Map, Object, ObjectShape, Route, SignalKind};
use plot::{Color, Fill, Page, Panel, Stroke};

const GROUND: Color = Color::new(0xee, 0xf1, 0xea);
const ASPHALT: Color = Color::new(0xb9, 0xc1, 0xcc);
const CROSSING: Color = Color::new(0xad, 0xb6, 0xc3);
const PARKING: Color = Color::new(0xc9, 0xd8, 0xea);
const SHOULDER: Color = Color::new(0xd3, 0xd8, 0xde);
const PAVEMENT: Color = Color::new(0xe2, 0xdc, 0xcf);
const BIKING: Color = Color::new(0xe6, 0xc4, 0xbd);
const GREEN: Color = Color::new(0xd5, 0xe3, 0xc8);
const TREE: Color = Color::new(0x7f, 0xb0, 0x6a);
const WALL: Color = Color::new(0x8a, 0x81, 0x74);

/// Lane kinds in the order in which they are drawn.
const LAYERS: [(LaneKind, Color, &str); 8] = [
    (LaneKind::Other, GREEN, "verge, other"),
    (LaneKind::Border, GREEN, "verge, other"),
    (LaneKind::Median, GREEN, "verge, other"),
    (LaneKind::Sidewalk, PAVEMENT, "sidewalk"),
    (LaneKind::Biking, BIKING, "cycle lane"),
    (LaneKind::Shoulder, SHOULDER, "shoulder"),
    (LaneKind::Parking, PARKING, "parking"),
    (LaneKind::Driving, ASPHALT, "drivable"),
];

/// A part of a map, drawn to fit a page of its own.
pub struct Scene<'m> {
    map: &'m Map,
    min: DVec2,
    max: DVec2,
    width_px: u32,
    height_px: u32,
    /// How many metres a pixel shows.
    metres_per_px: f64,
}

impl<'m> Scene<'m> {
    /// The whole map, or the rectangle between two corners, m.
    pub fn new(map: &'m Map, area: Option<(DVec2, DVec2)>) -> Self {
        let (mut min, mut max) = area.map_or_else(|| map.bounds(), |(a, b)| (a.min(b), a.max(b)));
        if area.is_none() {
            for object in map.objects.iter().filter(|o| o.is_solid()) {
                for corner in outline(object) {
                    (min, max) = (min.min(corner), max.max(corner));
                }
            }
        }
        let margin = (0.02 * (max - min).max_element()).max(5.0);
        (min, max) = (min - margin, max + margin);
        let size = max - min;
        let aspect = (size.x / size.y).clamp(0.45, 2.6);
        // The longer side has the same length, whatever the shape; title and margins come on top.
        let (width, height) =
            if aspect > 1.0 { (1340.0, 1340.0 / aspect) } else { (1240.0 * aspect, 1240.0) };
        let (width, height) = (width.max(620.0), height.max(380.0));
        let metres_per_px = (size.x / width).max(size.y / height);
        Self { map, min, max, width_px: width as u32 + 60, height_px: height as u32 + 130, metres_per_px }
    }

    /// An empty page of the size that it needs.
    pub fn page(&self, title: &str, subtitle: &str) -> Page {
        Page::new(self.width_px, self.height_px, title, subtitle)
    }

    /// A panel with lanes, things beside them and signs.
    pub fn panel(&self, title: &str) -> Panel {
        let mut panel = Panel::new(title).equal_scale().background(GROUND);
        panel = panel.x_range(self.min.x, self.max.x).y_range(self.min.y, self.max.y);
        self.draw(&mut panel);
        panel
    }

    fn draw(&self, panel: &mut Panel) {
        for (kind, color, label) in LAYERS {
            for lane in self.map.lanes.iter().filter(|l| l.kind == kind) {
                let color =
                    if lane.junction.is_some() && kind == LaneKind::Driving { CROSSING } else { color };
                // An edge of the same colour closes the hair-thin gaps between neighbours.
                panel.area(area_of(lane), Fill::new(color).edge(color, 0.6).label(label));
            }
        }
        self.draw_objects(panel);
        self.draw_lines(panel);
        self.draw_arrows(panel);
        self.draw_signals(panel);
    }

    /// Lines between lanes and along the road's edge.
    fn draw_lines(&self, panel: &mut Panel) {
        let width = (0.15 / self.metres_per_px).clamp(0.5, 2.0);
        for lane in self.map.lanes.iter().filter(|l| l.kind == LaneKind::Driving && l.junction.is_none()) {
            for (edge, neighbour, left) in
                [(&lane.left_edge, lane.left, true), (&lane.right_edge, lane.right, false)]
            {
                let beside = neighbour.map(|n| self.map.lane(n.lane)).filter(|n| n.kind == LaneKind::Driving);
                // What two lanes share is drawn once.
                if beside.is_some_and(|n| n.id < lane.id) {
                    continue;
                }
                let changes =
                    beside.is_some() && lane.lane_changes.iter().any(|c| if left { c.left } else { c.right });
                let opposite = neighbour.is_some_and(|n| !n.same_direction) && beside.is_some();
                let color = if opposite { Color::new(0xe0, 0xa1, 0x1b) } else { Color::PAPER };
                let stroke = Stroke::new(color).width(width);
                let stroke =
                    if changes { stroke.dashed((3.0 / self.metres_per_px).clamp(2.0, 14.0)) } else { stroke };
                panel.line(edge.iter().map(|p| p.truncate()), stroke);
            }
        }
    }

    /// Which way lanes are driven.
    fn draw_arrows(&self, panel: &mut Panel) {
        let apart = (90.0 * self.metres_per_px).max(14.0);
        let half = (5.0 * self.metres_per_px).clamp(0.6, 6.0);
        let color = Color::new(0x5a, 0x66, 0x78);
        for lane in self.map.lanes.iter().filter(|l| l.kind == LaneKind::Driving) {
            let length = lane.length();
            if length < 4.0 * half || lane.width(0.5 * length) < 1.0 {
                continue;
            }
            if lane.junction.is_some() {
                let line = Stroke::new(color.opacity(0.45)).width(0.8);
                panel.line(lane.centre.points().iter().map(|p| p.position.truncate()), line);
                continue;
            }
            let count = (length / apart).round().max(1.0);
            for i in 0..count as usize {
                let point = lane.centre.at(length * (i as f64 + 0.5) / count);
                let ahead = DVec2::from_angle(point.heading) * half;
                let at = point.position.truncate();
                panel.area(
                    [at + ahead, at - ahead + 0.6 * ahead.perp(), at - ahead - 0.6 * ahead.perp()],
                    Fill::new(color),
                );
            }
        }
    }

    fn draw_objects(&self, panel: &mut Panel) {
        let mut objects: Vec<&Object> = self.map.objects.iter().collect();
        objects.sort_by(|a, b| a.is_solid().cmp(&b.is_solid()).then(a.height_m.total_cmp(&b.height_m)));
        for object in objects {
            let (fill, dot) = self.look(object);
            let corners = outline(object);
            let size = corners.iter().fold(0.0_f64, |d, c| d.max(c.distance(object.position.truncate())));
            // What would be too small to see becomes a dot.
            if dot && size < 2.0 * self.metres_per_px {
                panel.dots([object.position.truncate()], 1.8, fill);
            } else {
                panel.area(corners, fill);
            }
        }
    }

    /// How an object is drawn, and whether it may become a dot.
    fn look(&self, object: &Object) -> (Fill, bool) {
        let edge = |fill: Fill, color: Color| fill.edge(color, 0.6);
        const HIGHEST: f64 = 5.0;
        match object.kind.as_str() {
            "container" => {
                let tiers = (object.height_m / 2.59).round().clamp(1.0, HIGHEST) / HIGHEST;
                let color = mix(Color::new(0xf0, 0xc2, 0x9a), Color::new(0xb4, 0x4a, 0x1f), tiers);
                (
                    edge(Fill::new(color).label("containers, darker: higher"), Color::new(0x8d, 0x3c, 0x1a)),
                    false,
                )
            }
            "building" => (edge(Fill::new(Color::BUILDING).label("building"), WALL), false),
            "tree" | "vegetation" => (Fill::new(TREE).label("trees"), true),
            "parkingSpace" => (edge(Fill::new(PARKING).label("parking"), Color::PAPER), false),
            "crosswalk" => {
                (edge(Fill::new(Color::PAPER.opacity(0.75)).label("crosswalk"), Color::MUTED), false)
            }
            "crane" => (Fill::new(Color::new(0x2f, 0x6f, 0xa8)).label("quay crane"), false),
            "vessel" => (
                edge(Fill::new(Color::new(0x6d, 0x8f, 0xa8)).label("ship"), Color::new(0x3c, 0x55, 0x68)),
                false,
            ),
            "barrier" | "railing" | "wall" => (Fill::new(WALL).label("barrier"), false),
            _ if object.is_solid() => (Fill::new(Color::MUTED).label("pole, other object"), true),
            _ => (edge(Fill::new(Color::PAPER.opacity(0.5)), Color::GRID), false),
        }
    }

    fn draw_signals(&self, panel: &mut Panel) {
        for (kind, color, label) in [
            (SignalKind::TrafficLight, Color::GREEN, "traffic light"),
            (SignalKind::Stop, Color::RED, "stop sign"),
            (SignalKind::Yield, Color::ORANGE, "give way"),
            (SignalKind::SpeedLimit, Color::PURPLE, "speed limit sign"),
        ] {
            let signals = self.map.signals.iter().filter(|s| s.kind == kind);
            let places: Vec<DVec2> = signals.map(|s| s.position.truncate()).collect();
            if !places.is_empty() {
                panel.dots(places, 3.2, Fill::new(color).edge(Color::PAPER, 1.0).label(label));
            }
        }
    }

    /// A route over the middle of its lanes, with its ends.
    pub fn draw_route(&self, panel: &mut Panel, route: &Route) {
        let points = route_line(self.map, route);
        let width = (2.0 / self.metres_per_px).clamp(2.6, 8.0);
        panel.line(points.iter().copied(), Stroke::new(Color::PAPER.opacity(0.9)).width(width + 2.0));
        panel.line(points.iter().copied(), Stroke::new(Color::BLUE).width(width).label("route"));
        if let (Some(from), Some(to)) = (points.first(), points.last()) {
            panel.dots([*from], 6.0, Fill::new(Color::PAPER).edge(Color::BLUE, 3.0));
            panel.dots([*to], 6.0, Fill::new(Color::BLUE).edge(Color::PAPER, 2.0));
        }
    }
}

fn mix(a: Color, b: Color, share: f64) -> Color {
    let part = |i: usize| (f64::from(a.rgb[i]) + (f64::from(b.rgb[i]) - f64::from(a.rgb[i])) * share) as u8;
    Color::new(part(0), part(1), part(2))
}

fn area_of(lane: &Lane) -> Vec<DVec2> {
    let plane = |p: &DVec3| p.truncate();
    lane.left_edge.iter().map(plane).chain(lane.right_edge.iter().rev().map(plane)).collect()
}

fn outline(object: &Object) -> Vec<DVec2> {
    let at = object.position.truncate();
    match &object.shape {
        ObjectShape::Outline(corners) => corners.clone(),
        ObjectShape::Box { length_m, width_m } => {
            let (ahead, left) = (DVec2::from_angle(object.heading) * 0.5 * *length_m, 0.5 * *width_m);
            let left = DVec2::from_angle(object.heading).perp() * left;
            vec![at + ahead + left, at - ahead + left, at - ahead - left, at + ahead - left]
        }
        ObjectShape::Cylinder { radius_m } => {
            let corner =
                |i: usize| at + DVec2::from_angle(i as f64 * std::f64::consts::TAU / 16.0) * *radius_m;
            (0..16).map(corner).collect()
        }
    }
}

/// The middle of a route's lanes. A lane change is drawn as a straight over the middle of where it may be made.
pub fn route_line(map: &Map, route: &Route) -> Vec<DVec2> {
    let mut points = vec![];
    let mut from = route.segments.first().map_or(0.0, |s| s.from_s);
    for (i, segment) in route.segments.iter().enumerate() {
        let lane = map.lane(segment.lane);
        let next = route.segments.get(i + 1).filter(|_| segment.change_to_next);
        let (mut to, mut next_from) = (segment.to_s, 0.0);
        if let Some(next) = next {
            let share = map.lane(next.lane).length() / lane.length().max(1e-3);
            let begin = from.max(next.from_s / share.max(1e-3));
            let way = (segment.to_s - begin).clamp(0.0, 40.0);
            let middle = 0.5 * (begin + segment.to_s);
            (to, next_from) = (middle - 0.5 * way, (middle + 0.5 * way) * share);
        }
        let steps = ((to - from).max(0.0) / 2.0).ceil().max(1.0) as usize;
        for k in 0..=steps {
            let s = from + (to - from).max(0.0) * k as f64 / steps as f64;
            points.push(map.point_at(LanePosition { lane: lane.id, s, t: 0.0 }).position.truncate());
        }
        from = next_from;
    }
    points
}

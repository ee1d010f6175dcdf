//! What perception made of a scan, seen from above.

use std::collections::BTreeMap;

use glam::{DVec2, DVec3};
use perception::classify::Class;
use perception::cloud::Point;
use perception::pipeline::Pipeline;
use perception::pose::VehiclePose;
use perception::shape::Rect;
use perception::track::Track;
use plot::{Color, Fill, Page, Panel, Stroke};
use vehicle::VehicleParams;

/// Ways of tracks so far, in `map`.
pub type Trails = BTreeMap<u32, Vec<DVec2>>;

/// Where the panel looks: the middle and half its width and height, m, with the vehicle's heading to the right.
pub struct View {
    /// Pose of the vehicle.
    pub pose: VehiclePose,
    /// Half width and height, m.
    pub half: DVec2,
}

impl View {
    /// From `map` to the frame of the picture, which is `base_link`.
    fn local(&self, p: DVec2) -> DVec2 {
        DVec2::from_angle(-self.pose.heading()).rotate(p - self.pose.position.truncate())
    }

    fn panel(&self, title: &str) -> Panel {
        Panel::new(title)
            .equal_scale()
            .background(Color::PAPER)
            .x_range(-self.half.x, self.half.x)
            .y_range(-self.half.y, self.half.y)
    }
}

fn corners(rect: &Rect) -> [DVec2; 4] {
    let axis = DVec2::from_angle(rect.yaw);
    let (u, v) = (axis * 0.5 * rect.length, axis.perp() * 0.5 * rect.width);
    [u + v, v - u, -u - v, u - v].map(|d| rect.center + d)
}

fn color(class: Class) -> (Color, &'static str) {
    match class {
        Class::Car => (Color::BLUE, "car"),
        Class::Truck => (Color::PURPLE, "truck"),
        Class::Bicycle => (Color::GREEN, "bicycle"),
        Class::Pedestrian => (Color::RED, "pedestrian"),
        Class::Container => (Color::ORANGE, "container"),
        Class::Unknown => (Color::TEAL, "unknown, moving"),
        Class::Obstacle => (Color::MUTED, "obstacle"),
    }
}

/// Points by cluster, and the ground.
pub fn clusters(view: &View, points: &[Point], pipeline: &Pipeline, vehicle: &VehicleParams) -> Panel {
    let mut panel = view.panel("Ground (light) and clusters");
    let at = |i: usize| DVec2::new(f64::from(points[i][0]), f64::from(points[i][1]));
    let inside = |p: &DVec2| p.abs().cmplt(view.half).all();
    let mut taken = vec![false; points.len()];
    for (n, cluster) in pipeline.detector().clusters().enumerate() {
        cluster.iter().for_each(|i| taken[*i as usize] = true);
        let dots: Vec<_> = cluster.iter().map(|i| at(*i as usize)).filter(inside).collect();
        panel.dots(dots, 0.6, Fill::new(Color::series(n)));
    }
    let ground = (0..points.len()).filter(|i| !taken[*i]).step_by(3).map(at).filter(inside);
    panel.dots(ground.collect::<Vec<_>>(), 0.4, Fill::new(Color::ROAD));
    draw_vehicle(&mut panel, vehicle);
    panel
}

/// Tracked objects with their velocities, predictions and ways.
pub fn tracks(
    view: &View,
    points: &[Point],
    pipeline: &Pipeline,
    trails: &Trails,
    vehicle: &VehicleParams,
) -> Panel {
    let mut panel = view.panel("Tracked objects: id, velocity, way so far (thin), prediction (dashed)");
    let heights = pipeline.detector().heights();
    let standing = points.iter().zip(heights).filter(|(_, h)| **h > 0.2 && **h < 4.0);
    let dots = standing.map(|(p, _)| DVec3::from_array(p.map(f64::from)).truncate());
    panel.dots(
        dots.filter(|p| p.abs().cmplt(view.half).all()).step_by(2).collect::<Vec<_>>(),
        0.4,
        Fill::new(Color::ROAD),
    );
    let sensor = pipeline.tracker().sensor();
    for track in pipeline.tracker().tracks().iter().filter(|t| t.confirmed) {
        draw_track(&mut panel, view, track, sensor, trails);
    }
    draw_vehicle(&mut panel, vehicle);
    panel
}

fn draw_track(panel: &mut Panel, view: &View, track: &Track, sensor: DVec2, trails: &Trails) {
    let rect = track.rect(sensor);
    let center = view.local(rect.center);
    if center.abs().cmpgt(view.half).any() {
        return;
    }
    let (color, name) = color(track.class().0);
    let fill = Fill::new(color.opacity(0.25)).edge(color, 1.2).label(name);
    panel.area(corners(&rect).map(|c| view.local(c)), fill);
    let velocity = track.velocity();
    if track.moving {
        let to = view.local(rect.center + velocity);
        panel.line([center, to], Stroke::new(color).width(2.0));
        let path =
            perception::predict::path(rect.center, rect.yaw, velocity, track.motion.turn_rate(), 0.5, 6);
        panel.line(path.map(|(p, _)| view.local(p)), Stroke::new(color).width(1.0).dashed(4.0));
    }
    if track.tile.is_none() {
        if let Some(trail) = trails.get(&track.id) {
            panel.line(trail.iter().map(|p| view.local(*p)), Stroke::new(color).width(0.7));
        }
        let speed = velocity.length();
        let label =
            if track.moving { format!("{} · {speed:.1} m/s", track.id) } else { track.id.to_string() };
        panel.text(center + DVec2::new(0.0, 0.6 * rect.width + 0.5), label, Color::INK, 8.0);
    }
}

fn draw_vehicle(panel: &mut Panel, v: &VehicleParams) {
    let center = DVec2::new(0.5 * v.length_m - v.rear_overhang_m, 0.0);
    let rect = Rect { center, yaw: 0.0, length: v.length_m, width: v.width_m };
    panel.area(corners(&rect), Fill::new(Color::INK.opacity(0.8)).label("this vehicle"));
}

/// Writes both panels, one above the other.
pub fn save(
    file: &std::path::Path,
    title: &str,
    subtitle: &str,
    [upper, lower]: [Panel; 2],
) -> anyhow::Result<()> {
    let mut page = Page::new(1400, 1500, title, subtitle);
    page.add([0.0, 0.0, 1.0, 0.5], upper);
    page.add([0.0, 0.5, 1.0, 0.5], lower);
    Ok(page.save(file)?)
}

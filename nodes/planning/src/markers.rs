//! What RViz and Foxglove show of a plan.

use glam::DVec2;
use msgs::geometry_msgs::msg::{Point, Vector3};
use msgs::std_msgs::msg::{ColorRGBA, Header};
use msgs::visualization_msgs::msg::{Marker, MarkerArray};
use vehicle::{Pose2, pose_to_msg};

use crate::path::Path;
use crate::plan::Plan;
use crate::route_line::RouteLine;

const LINE_STRIP: i32 = 4;
const CUBE: i32 = 1;
const DELETE_ALL: i32 = 3;

/// Route, candidates, trajectory and stop wall.
pub fn of(header: &Header, plan: &Plan, route: Option<&RouteLine>) -> MarkerArray {
    let mut markers = vec![Marker { header: header.clone(), action: DELETE_ALL, ..Marker::default() }];
    if let Some(route) = route {
        let points = route.line.points().iter().step_by(4).map(|p| point(p.position, p.z + 0.02)).collect();
        markers.push(line(header, "route", 0, points, 0.3, [0.1, 0.4, 0.9, 0.4]));
    }
    for (i, candidate) in plan.candidates.iter().enumerate() {
        markers.push(line(header, "candidates", i, path_points(candidate, 0.05), 0.1, [0.6, 0.6, 0.6, 0.6]));
    }
    markers.push(line(header, "path", 0, path_points(&plan.path, 0.06), 0.15, [0.1, 0.8, 0.3, 0.5]));
    let states = plan.states.iter().step_by(2).map(|s| point(s.pose.position, s.z + 0.1)).collect();
    markers.push(line(header, "trajectory", 0, states, 0.5, [0.1, 0.9, 0.2, 0.8]));
    if let Some(wall) = plan.wall {
        markers.push(stop_wall(header, wall, plan.states.first().map_or(0.0, |s| s.z)));
    }
    MarkerArray { markers }
}

fn point(p: DVec2, z: f64) -> Point {
    Point { x: p.x, y: p.y, z }
}

fn path_points(path: &Path, lift_m: f64) -> Vec<Point> {
    path.points().iter().step_by(4).map(|p| point(p.position, p.z + lift_m)).collect()
}

fn line(
    header: &Header,
    namespace: &str,
    id: usize,
    points: Vec<Point>,
    width_m: f64,
    rgba: [f32; 4],
) -> Marker {
    let mut marker = marker(header, namespace, id, LINE_STRIP, rgba);
    marker.scale = Vector3 { x: width_m, ..Vector3::default() };
    marker.points = points;
    marker
}

fn stop_wall(header: &Header, at: Pose2, z: f64) -> Marker {
    let mut marker = marker(header, "stop_wall", 0, CUBE, [0.9, 0.1, 0.1, 0.5]);
    marker.pose = pose_to_msg(at, z + 1.0);
    marker.scale = Vector3 { x: 0.15, y: 3.5, z: 2.0 };
    marker
}

fn marker(header: &Header, namespace: &str, id: usize, kind: i32, rgba: [f32; 4]) -> Marker {
    let [r, g, b, a] = rgba;
    let mut marker = Marker { header: header.clone(), ..Marker::default() };
    marker.ns = namespace.into();
    marker.id = id as i32;
    marker.r#type = kind;
    marker.pose.orientation.w = 1.0;
    marker.color = ColorRGBA { r, g, b, a };
    marker
}

//! Objects as markers for RViz and Foxglove: boxes, what they are called, where they go.

use msgs::atlasmesh_msgs::msg::{TrackedObject, TrackedObjects};
use msgs::builtin_interfaces::msg::Duration;
use msgs::geometry_msgs::msg::{Point, Vector3};
use msgs::std_msgs::msg::ColorRGBA;
use msgs::visualization_msgs::msg::{Marker, MarkerArray};

/// Markers vanish by themselves when they are not sent again, after two and a half periods.
const LIFETIME_NS: u32 = 500_000_000;
/// Arrows are drawn for what is faster, m/s.
const ARROW_FROM_MPS: f64 = 0.3;

/// Markers of all objects.
pub fn markers(objects: &TrackedObjects) -> MarkerArray {
    let mut markers = vec![];
    for object in &objects.objects {
        markers.push(cube(objects, object));
        let speed = object.twist.twist.linear.x.hypot(object.twist.twist.linear.y);
        let small = object.classification == TrackedObject::CLASS_OBSTACLE;
        if !small {
            markers.push(text(objects, object, speed));
        }
        if speed > ARROW_FROM_MPS {
            markers.push(arrow(objects, object));
            markers.push(path(objects, object));
        }
    }
    MarkerArray { markers }
}

fn marker(objects: &TrackedObjects, object: &TrackedObject, ns: &str, kind: i32) -> Marker {
    Marker {
        header: objects.header.clone(),
        ns: ns.into(),
        id: object.id.cast_signed(),
        r#type: kind,
        action: Marker::ADD,
        pose: object.pose.pose.clone(),
        color: color(object.classification),
        lifetime: Duration { sec: 0, nanosec: LIFETIME_NS },
        ..Marker::default()
    }
}

fn color(class: u8) -> ColorRGBA {
    let [r, g, b] = match class {
        TrackedObject::CLASS_CAR => [0.12, 0.53, 0.90],
        TrackedObject::CLASS_TRUCK => [0.56, 0.27, 0.68],
        TrackedObject::CLASS_BICYCLE => [0.10, 0.70, 0.35],
        TrackedObject::CLASS_PEDESTRIAN => [0.92, 0.30, 0.24],
        TrackedObject::CLASS_CONTAINER => [0.85, 0.55, 0.10],
        TrackedObject::CLASS_UNKNOWN => [0.95, 0.80, 0.15],
        _ => [0.55, 0.57, 0.60],
    };
    ColorRGBA { r, g, b, a: 0.6 }
}

fn cube(objects: &TrackedObjects, object: &TrackedObject) -> Marker {
    Marker { scale: object.size_m.clone(), ..marker(objects, object, "box", Marker::CUBE) }
}

fn text(objects: &TrackedObjects, object: &TrackedObject, speed: f64) -> Marker {
    let mut m = marker(objects, object, "id", Marker::TEXT_VIEW_FACING);
    m.pose.position.z += 0.5 * object.size_m.z + 0.6;
    m.scale.z = 0.6;
    m.color = ColorRGBA { r: 1.0, g: 1.0, b: 1.0, a: 1.0 };
    m.text = format!("{} {speed:.1} m/s", object.id);
    m
}

fn arrow(objects: &TrackedObjects, object: &TrackedObject) -> Marker {
    let (p, v) = (&object.pose.pose.position, &object.twist.twist.linear);
    let mut m = marker(objects, object, "velocity", Marker::ARROW);
    // The arrow shows the way of one second; its points are in the frame of the array.
    m.pose = Default::default();
    m.pose.orientation.w = 1.0;
    m.points = vec![p.clone(), Point { x: p.x + v.x, y: p.y + v.y, z: p.z }];
    m.scale = Vector3 { x: 0.12, y: 0.3, z: 0.4 };
    m.color.a = 1.0;
    m
}

fn path(objects: &TrackedObjects, object: &TrackedObject) -> Marker {
    let mut m = marker(objects, object, "path", Marker::LINE_STRIP);
    m.pose = Default::default();
    m.pose.orientation.w = 1.0;
    let now = object.pose.pose.position.clone();
    m.points = std::iter::once(now).chain(object.predicted_path.iter().map(|p| p.position.clone())).collect();
    m.scale.x = 0.15;
    m
}

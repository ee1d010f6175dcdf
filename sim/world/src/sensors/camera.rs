//! A camera that looks ahead: roads with their markings, things and road users, painted from far to near.

use glam::{DQuat, DVec2, DVec3};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use maps::{LaneKind, Map};
use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Transform};

use super::{Looks, Solid, Wall};
use crate::frame::Frame;

/// Size of the picture.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 360;
/// Focal length, pixels: 80° across.
const FOCAL: f64 = 381.0;
/// Nearest and farthest of what is painted, m.
const NEAR_M: f64 = 0.3;
const FAR_M: f64 = 90.0;
/// Length of a dash and of the gap behind it, m.
const DASH_M: f64 = 3.0;
const MARKING_M: f64 = 0.14;
const QUALITY: u8 = 80;

type Rgb = [f64; 3];
const SKY_TOP: Rgb = [0.36, 0.58, 0.86];
const SKY_LOW: Rgb = [0.80, 0.87, 0.93];
const TERRAIN: Rgb = [0.76, 0.68, 0.53];
const WHITE: Rgb = [0.93, 0.93, 0.90];

/// The camera.
pub(crate) struct Camera {
    picture: Pixmap,
    background: Pixmap,
}

/// From where it looks.
struct View {
    position: DVec3,
    inverse: DQuat,
}

impl View {
    /// In the camera: x ahead, y to the left, z up.
    fn local(&self, point: DVec3) -> DVec3 {
        self.inverse * (point - self.position)
    }
}

fn mix(a: Rgb, b: Rgb, share: f64) -> Rgb {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share.clamp(0.0, 1.0))
}

fn color(rgb: Rgb) -> Color {
    let [r, g, b] = rgb.map(|c| c.clamp(0.0, 1.0) as f32);
    Color::from_rgba(r, g, b, 1.0).unwrap_or(Color::BLACK)
}

fn lane_color(kind: LaneKind) -> Option<Rgb> {
    match kind {
        LaneKind::Driving => Some([0.27, 0.28, 0.30]),
        LaneKind::Sidewalk => Some([0.66, 0.64, 0.61]),
        LaneKind::Parking => Some([0.33, 0.34, 0.36]),
        LaneKind::Biking => Some([0.50, 0.30, 0.28]),
        LaneKind::Shoulder | LaneKind::Border => Some([0.38, 0.38, 0.38]),
        LaneKind::Median => Some([0.42, 0.50, 0.34]),
        LaneKind::Other => None,
    }
}

impl Camera {
    /// None if there is no memory for its pictures.
    pub fn new() -> Option<Self> {
        Some(Self { picture: Pixmap::new(WIDTH, HEIGHT)?, background: background()? })
    }

    /// Takes a picture, as JPEG.
    pub fn shoot(
        &mut self,
        map: &Map,
        frame: Frame,
        (position, rotation): (DVec3, DQuat),
        solids: &[Solid],
        walls: &[Wall],
    ) -> Vec<u8> {
        self.picture.data_mut().copy_from_slice(self.background.data());
        let view = View { position, inverse: rotation.inverse() };
        self.paint_ground(&view);
        self.paint_lanes(map, frame, &view);
        self.paint_bodies(&view, solids, walls);
        self.encode()
    }

    /// Fills a polygon given in the camera's frame. Pieces of one surface must not be smooth, or their seams show.
    fn fill(&mut self, corners: &[DVec3], rgb: Rgb, smooth: bool) {
        let mut kept: Vec<DVec3> = Vec::with_capacity(corners.len() + 2);
        for (i, a) in corners.iter().enumerate() {
            let b = corners[(i + 1) % corners.len()];
            if a.x >= NEAR_M {
                kept.push(*a);
            }
            if (a.x < NEAR_M) != (b.x < NEAR_M) {
                kept.push(a.lerp(b, (NEAR_M - a.x) / (b.x - a.x)));
            }
        }
        let mut path = PathBuilder::new();
        for (i, p) in kept.iter().enumerate() {
            let x = (f64::from(WIDTH) * 0.5 - FOCAL * p.y / p.x).clamp(-4000.0, 4000.0) as f32;
            let y = (f64::from(HEIGHT) * 0.5 - FOCAL * p.z / p.x).clamp(-4000.0, 4000.0) as f32;
            if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        path.close();
        let Some(path) = path.finish() else { return };
        let mut paint = Paint::default();
        paint.set_color(color(rgb));
        paint.anti_alias = smooth;
        self.picture.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
    }

    /// Air takes colour with distance.
    fn hazy(rgb: Rgb, distance: f64) -> Rgb {
        mix(rgb, SKY_LOW, 0.6 * (distance / 150.0).min(1.0))
    }

    fn paint_ground(&mut self, view: &View) {
        let ground = view.position.z - 2.0;
        for (near, far) in [(40.0, 600.0), (0.0, 40.0)] {
            let ahead = (view.inverse.inverse() * DVec3::X).truncate().normalize_or(DVec2::X);
            let corner = |way: f64, side: f64| {
                let flat = view.position.truncate() + ahead * way + ahead.perp() * side;
                view.local(flat.extend(ground))
            };
            let corners =
                [corner(near, 900.0), corner(near, -900.0), corner(far, -900.0), corner(far, 900.0)];
            self.fill(&corners, Self::hazy(TERRAIN, 0.5 * (near + far.min(120.0))), false);
        }
    }

    fn paint_lanes(&mut self, map: &Map, frame: Frame, view: &View) {
        let here = frame.to_map(view.position);
        let reach = DVec2::splat(FAR_M);
        let lanes = map.lanes_in(here.truncate() - reach, here.truncate() + reach);
        let seen = |p: DVec3| {
            let local = view.local(frame.to_world(p));
            let near = local.x > -8.0 && local.x < FAR_M && local.y.abs() < local.x.abs() + 15.0;
            (near && (p.z - here.z).abs() < 15.0).then_some(local)
        };
        for id in &lanes {
            let lane = map.lane(*id);
            let Some(rgb) = lane_color(lane.kind) else { continue };
            for (left, right) in lane.left_edge.windows(2).zip(lane.right_edge.windows(2)) {
                if let Some(local) = seen(left[0]) {
                    let corner = |p: DVec3| view.local(frame.to_world(p));
                    let corners = [local, corner(left[1]), corner(right[1]), corner(right[0])];
                    self.fill(&corners, Self::hazy(rgb, local.length()), false);
                }
            }
        }
        for lane in
            lanes.iter().map(|id| map.lane(*id)).filter(|l| l.kind.is_drivable() && l.junction.is_none())
        {
            let shared = |n: Option<maps::Neighbour>| {
                n.is_some_and(|n| n.same_direction && map.lane(n.lane).kind.is_drivable())
            };
            for (edge, dashed) in
                [(&lane.left_edge, shared(lane.left)), (&lane.right_edge, shared(lane.right))]
            {
                let mut way = 0.0;
                for pair in edge.windows(2) {
                    let along = (pair[1] - pair[0]).truncate();
                    let painted = !dashed || way % (2.0 * DASH_M) < DASH_M;
                    way += along.length();
                    let Some(near) = seen(pair[0]).filter(|_| painted) else { continue };
                    let side = (along.normalize_or_zero().perp() * (0.5 * MARKING_M)).extend(0.0);
                    let corner = |p: DVec3| view.local(frame.to_world(p));
                    let corners =
                        [pair[0] + side, pair[1] + side, pair[1] - side, pair[0] - side].map(corner);
                    self.fill(&corners, Self::hazy(WHITE, near.length()), true);
                }
            }
        }
    }

    fn paint_bodies(&mut self, view: &View, solids: &[Solid], walls: &[Wall]) {
        let mut faces: Vec<(f64, Vec<DVec3>, Rgb)> = vec![];
        let seen = |center: DVec3, size: f64| {
            let local = view.local(center);
            local.x > -size && local.x < 3.0 * FAR_M && local.y.abs() < local.x.abs() + size + 2.0
        };
        for solid in solids.iter().filter(|s| seen(s.center, s.half.length())) {
            faces_of(solid, view, &mut faces);
        }
        for wall in walls {
            let middle = (0.5 * (wall.from + wall.to)).extend(wall.low_m);
            if !seen(middle, 0.5 * wall.from.distance(wall.to) + wall.high_m - wall.low_m) {
                continue;
            }
            let corners = [
                wall.from.extend(wall.low_m),
                wall.to.extend(wall.low_m),
                wall.to.extend(wall.high_m),
                wall.from.extend(wall.high_m),
            ];
            let light = 0.75 + 0.25 * (wall.to - wall.from).normalize_or_zero().x;
            let rgb = [0.78, 0.72, 0.63].map(|c| c * light);
            faces.push((view.local(middle).length(), corners.map(|c| view.local(c)).to_vec(), rgb));
        }
        faces.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (distance, corners, rgb) in faces {
            self.fill(&corners, Self::hazy(rgb, distance), true);
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut jpeg = Vec::with_capacity(60_000);
        let mut encoder = Encoder::new(&mut jpeg, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        if let Err(error) = encoder.encode(self.picture.data(), WIDTH as u16, HEIGHT as u16, ColorType::Rgba)
        {
            tracing::error!(%error, "the picture can't be encoded");
            return vec![];
        }
        jpeg
    }
}

/// Faces of a box that can be seen, with their colour in the light.
fn faces_of(solid: &Solid, view: &View, out: &mut Vec<(f64, Vec<DVec3>, Rgb)>) {
    let base: Rgb = match solid.looks {
        Looks(x) if x >= 0.55 => {
            // One of a few colours for each size, so that vehicles differ.
            let palette = [[0.75, 0.16, 0.14], [0.18, 0.34, 0.62], [0.88, 0.88, 0.86], [0.20, 0.22, 0.24]];
            palette[(solid.half.x * 37.0 + solid.half.z * 11.0) as usize % palette.len()]
        }
        Looks(x) if x >= 0.45 => [0.78, 0.72, 0.63],
        _ => [0.80, 0.55, 0.25],
    };
    let distance = view.local(solid.center).length();
    for axis in 0..3 {
        for sign in [-1.0, 1.0] {
            let normal = DVec3::AXES[axis] * sign;
            let center = solid.center + solid.rotation * (normal * solid.half);
            if (solid.rotation * normal).dot(view.position - center) <= 0.0 {
                continue;
            }
            let (u, v) = (DVec3::AXES[(axis + 1) % 3], DVec3::AXES[(axis + 2) % 3]);
            let corner =
                |a: f64, b: f64| view.local(center + solid.rotation * ((u * a + v * b) * solid.half));
            let corners = vec![corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
            let light = [0.78, 0.62, 1.0][axis];
            out.push((distance - 0.01 * normal.z, corners, base.map(|c| c * light)));
        }
    }
}

/// Sky above, terrain below the horizon.
fn background() -> Option<Pixmap> {
    let mut pixmap = Pixmap::new(WIDTH, HEIGHT)?;
    for row in 0..HEIGHT {
        let share = f64::from(row) / (0.5 * f64::from(HEIGHT));
        let rgb = color(mix(SKY_TOP, SKY_LOW, share)).to_color_u8();
        let pixels = pixmap.data_mut().chunks_exact_mut(4).skip((row * WIDTH) as usize).take(WIDTH as usize);
        for pixel in pixels {
            pixel.copy_from_slice(&[rgb.red(), rgb.green(), rgb.blue(), 255]);
        }
    }
    Some(pixmap)
}

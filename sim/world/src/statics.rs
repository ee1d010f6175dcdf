//! Buildings, poles, barriers: things of the map that never move.

use glam::{DQuat, DVec2, DVec3};
use maps::{Map, Object, ObjectShape};

use crate::frame::Frame;
use crate::physics::{Block, Owner, Physics};
use crate::sensors::{Looks, Solid, Wall};

/// Things of the map, in the world.
pub(crate) struct Statics {
    /// Boxes.
    pub solids: Vec<Solid>,
    /// Walls of things with an outline.
    pub walls: Vec<Wall>,
    /// What each thing is called in events.
    names: Vec<String>,
}

/// Thickness of the walls that vehicles run into, m.
const WALL_M: f64 = 0.2;

impl Statics {
    pub fn new(map: &Map, frame: Frame, physics: &mut Physics) -> Self {
        let mut statics = Self { solids: vec![], walls: vec![], names: vec![] };
        for object in map.objects.iter().filter(|o| o.is_solid()) {
            let owner = Owner::Object(statics.names.len() as u32);
            statics.names.push(format!("{} {}", object.kind, object.key));
            statics.add(object, owner, frame, physics);
        }
        statics
    }

    /// What a thing is called.
    pub fn name(&self, index: u32) -> &str {
        self.names.get(index as usize).map_or("object", String::as_str)
    }

    fn add(&mut self, object: &Object, owner: Owner, frame: Frame, physics: &mut Physics) {
        let foot = frame.to_world(object.position);
        let (low, high) = (foot.z, foot.z + object.height_m);
        let looks = Looks(if object.kind == "building" { 0.5 } else { 0.4 });
        match &object.shape {
            ObjectShape::Box { length_m, width_m } => {
                let half = 0.5 * DVec3::new(*length_m, *width_m, object.height_m);
                self.add_box(foot, object.heading, half, looks, owner, physics);
            }
            ObjectShape::Cylinder { radius_m } => {
                // As a box of the same cross-section: poles and trunks are thin.
                let half = DVec3::new(radius_m * 0.886, radius_m * 0.886, 0.5 * object.height_m);
                self.add_box(foot, object.heading, half, looks, owner, physics);
            }
            ObjectShape::Outline(corners) => {
                for (i, corner) in corners.iter().enumerate() {
                    let next = corners[(i + 1) % corners.len()];
                    let (from, to) = (*corner - frame.origin.truncate(), next - frame.origin.truncate());
                    self.add_wall(Wall { from, to, low_m: low, high_m: high, looks }, owner, physics);
                }
            }
        }
    }

    fn add_box(
        &mut self,
        foot: DVec3,
        heading: f64,
        half: DVec3,
        looks: Looks,
        owner: Owner,
        physics: &mut Physics,
    ) {
        if !(foot.is_finite() && half.is_finite() && heading.is_finite()) || half.min_element() <= 0.0 {
            return;
        }
        let block =
            Block { center: foot + DVec3::Z * half.z, rotation: DQuat::from_rotation_z(heading), half };
        physics.add_fixed(owner, block);
        self.solids.push(Solid { center: block.center, rotation: block.rotation, half, looks });
    }

    fn add_wall(&mut self, wall: Wall, owner: Owner, physics: &mut Physics) {
        let edge: DVec2 = wall.to - wall.from;
        if !edge.is_finite() || edge.length() < 0.01 || !(wall.high_m - wall.low_m).is_finite() {
            return;
        }
        let half = 0.5 * DVec3::new(edge.length(), WALL_M, wall.high_m - wall.low_m);
        // Corners run counter-clockwise: the wall's thickness goes inwards, to the left.
        let middle = 0.5 * (wall.from + wall.to) + edge.normalize().perp() * (0.5 * WALL_M);
        let center = middle.extend(0.5 * (wall.low_m + wall.high_m));
        physics.add_fixed(owner, Block { center, rotation: DQuat::from_rotation_z(edge.to_angle()), half });
        self.walls.push(wall);
    }
}

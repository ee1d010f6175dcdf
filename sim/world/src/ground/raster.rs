//! The ground as a raster of heights around the LiDARs, made tile by tile as vehicles come near.

use std::collections::BTreeMap;
use std::sync::Arc;

use glam::DVec2;

use super::{Ground, Material};

/// Size of a raster cell, m.
pub(crate) const CELL_M: f64 = 0.25;
/// Cells along a side of a block, which knows its highest and lowest point.
const BLOCK: usize = 16;
/// Cells along a side of a tile.
const TILE: usize = 128;
const BLOCKS: usize = TILE / BLOCK;
pub(crate) const BLOCK_M: f64 = CELL_M * BLOCK as f64;
const TILE_M: f64 = CELL_M * TILE as f64;
/// Tiles that are kept; older ones are made again when needed.
const MAX_TILES: usize = 3000;
/// A second surface over the lowest counts as a deck from this height on, m.
const DECK_M: f64 = 2.0;

/// What is known of a block of cells.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    /// Lowest and highest point, m.
    low: f32,
    high: f32,
    /// Whether it is a plane, level or not.
    pub is_plane: bool,
}

impl Block {
    /// Highest point, m.
    pub fn high_m(&self) -> f64 {
        self.high.into()
    }

    /// Whether it is a level plane.
    pub fn is_level(&self) -> bool {
        self.high - self.low < LEVEL_M
    }
}

/// Blocks that are level to this are planes, m.
const LEVEL_M: f32 = 0.004;
/// Blocks that deviate from a plane by no more than this are planes, m.
const PLANE_M: f32 = 0.008;

/// Part of the raster.
pub(crate) struct Tile {
    heights: Box<[f32]>,
    materials: Box<[Material]>,
    blocks: [Block; BLOCKS * BLOCKS],
    /// Highest point.
    highest: f32,
    /// A second surface above: bridges. NaN where there is none.
    deck: Option<Box<[f32]>>,
}

/// All tiles made so far.
#[derive(Default)]
pub(crate) struct Rasters {
    tiles: BTreeMap<(i32, i32), Arc<Tile>>,
}

/// The tiles around a place.
pub(crate) struct Window {
    first: (i32, i32),
    count: i32,
    tiles: Vec<Arc<Tile>>,
    /// Whether there is any deck.
    pub has_deck: bool,
    /// Highest point of the ground, m.
    pub highest_m: f64,
}

fn tile_of(point: DVec2) -> (i32, i32) {
    let at = (point / TILE_M).floor();
    (at.x as i32, at.y as i32)
}

impl Tile {
    fn new(ground: &Ground, index: (i32, i32)) -> Self {
        let corner = DVec2::new(f64::from(index.0), f64::from(index.1)) * TILE_M;
        let mut heights = vec![0.0_f32; TILE * TILE].into_boxed_slice();
        let mut materials = vec![Material::Terrain; TILE * TILE].into_boxed_slice();
        let mut deck: Option<Box<[f32]>> = None;
        for j in 0..TILE {
            for i in 0..TILE {
                let point = corner + (DVec2::new(i as f64, j as f64) + 0.5) * CELL_M;
                let (low, material, high) = ground.column(point);
                let at = j * TILE + i;
                (heights[at], materials[at]) = (low as f32, material);
                if let Some(high) = high {
                    deck.get_or_insert_with(|| vec![f32::NAN; TILE * TILE].into())[at] = high as f32;
                }
            }
        }
        let blocks = std::array::from_fn(|b| block_of(&heights, b % BLOCKS * BLOCK, b / BLOCKS * BLOCK));
        let highest = blocks.iter().fold(f32::NEG_INFINITY, |h, b: &Block| h.max(b.high));
        Self { heights, materials, blocks, highest, deck }
    }
}

/// The block of which `(i, j)` is the first cell.
fn block_of(heights: &[f32], i: usize, j: usize) -> Block {
    let at = |di: usize, dj: usize| heights[(j + dj) * TILE + i + di];
    let span = (BLOCK - 1) as f32;
    let slopes = ((at(BLOCK - 1, 0) - at(0, 0)) / span, (at(0, BLOCK - 1) - at(0, 0)) / span);
    let mut block = Block { low: f32::INFINITY, high: f32::NEG_INFINITY, is_plane: true };
    for dj in 0..BLOCK {
        for di in 0..BLOCK {
            let height = at(di, dj);
            (block.low, block.high) = (block.low.min(height), block.high.max(height));
            let plane = at(0, 0) + slopes.0 * di as f32 + slopes.1 * dj as f32;
            block.is_plane &= (height - plane).abs() < PLANE_M;
        }
    }
    block
}

impl Ground {
    /// The lowest surface at a point with its material, and the highest one if it lies well above.
    fn column(&self, point: DVec2) -> (f64, Material, Option<f64>) {
        let (mut low, mut material) = (f64::INFINITY, Material::Terrain);
        let mut high = f64::NEG_INFINITY;
        for triangle in self.over(point) {
            let height = triangle.height_at(point);
            // A walkway over the road that it borders lies on top of it.
            if height < low - DECK_M || (height > low && height < low + DECK_M) || low.is_infinite() {
                (low, material) = (height, triangle.material);
            }
            high = high.max(height);
        }
        let terrain = self.terrain.at(point).0;
        if low.is_infinite() || terrain < low - 1.5 {
            (low, material) = (terrain, Material::Terrain);
        }
        (low, material, (high > low + DECK_M).then_some(high))
    }
}

impl Rasters {
    /// The tiles within `radius_m` of a place; missing ones are made.
    pub fn window(&mut self, ground: &Ground, center: DVec2, radius_m: f64) -> Window {
        let first = tile_of(center - radius_m);
        let last = tile_of(center + radius_m);
        if self.tiles.len() > MAX_TILES {
            let near = |t: &(i32, i32)| {
                (first.0 - 8..=last.0 + 8).contains(&t.0) && (first.1 - 8..=last.1 + 8).contains(&t.1)
            };
            self.tiles.retain(|t, _| near(t));
        }
        let count = last.0 - first.0 + 1;
        let mut tiles = Vec::with_capacity((count * count) as usize);
        for j in first.1..=last.1.max(first.1 + count - 1) {
            for i in first.0..=last.0 {
                let tile = self.tiles.entry((i, j)).or_insert_with(|| Arc::new(Tile::new(ground, (i, j))));
                tiles.push(Arc::clone(tile));
            }
        }
        let has_deck = tiles.iter().any(|t| t.deck.is_some());
        let highest_m = tiles.iter().fold(f32::NEG_INFINITY, |h, t| h.max(t.highest)).into();
        Window { first, count, tiles, has_deck, highest_m }
    }
}

impl Window {
    /// Tile and cell of a point.
    #[inline]
    fn find(&self, point: DVec2) -> Option<(&Tile, usize, usize)> {
        let cell = point / CELL_M;
        let (i, j) = (
            cell.x.floor() as i32 - self.first.0 * TILE as i32,
            cell.y.floor() as i32 - self.first.1 * TILE as i32,
        );
        if i < 0 || j < 0 {
            return None;
        }
        let (i, j) = (i as usize, j as usize);
        let (ti, tj) = (i / TILE, j / TILE);
        if ti >= self.count as usize {
            return None;
        }
        let tile = self.tiles.get(tj * self.count as usize + ti)?;
        Some((tile, i % TILE, j % TILE))
    }

    /// The block that a point is in.
    #[inline]
    pub fn block(&self, point: DVec2) -> Option<&Block> {
        let (tile, i, j) = self.find(point)?;
        Some(&tile.blocks[(j / BLOCK) * BLOCKS + i / BLOCK])
    }

    /// Height of the ground, m.
    #[inline]
    pub fn height(&self, point: DVec2) -> Option<f64> {
        let (tile, i, j) = self.find(point)?;
        Some(tile.heights[j * TILE + i].into())
    }

    /// What the ground is made of.
    pub fn material(&self, point: DVec2) -> Material {
        self.find(point).map_or(Material::Terrain, |(tile, i, j)| tile.materials[j * TILE + i])
    }

    /// Height of a deck above the ground, m.
    pub fn deck(&self, point: DVec2) -> Option<f64> {
        let (tile, i, j) = self.find(point)?;
        tile.deck.as_ref().map(|d| f64::from(d[j * TILE + i])).filter(|h| h.is_finite())
    }

    /// Way along a ray in the plane to the border of the block that `point` is in, m.
    #[inline]
    pub fn way_out(point: DVec2, direction: DVec2) -> f64 {
        let way = |p: f64, d: f64| {
            let at = p / BLOCK_M;
            let border = if d > 0.0 { at.floor() + 1.0 } else { at.floor() };
            if d.abs() < 1e-12 { f64::INFINITY } else { (border * BLOCK_M - p) / d }
        };
        way(point.x, direction.x).min(way(point.y, direction.y)).max(0.0) + 1e-6
    }
}

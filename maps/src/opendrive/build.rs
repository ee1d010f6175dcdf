//! From the file's words to the lane graph.

use std::collections::BTreeMap;
use std::path::Path;

use super::model::{End, LaneRecord, Network, Road, Section};
use super::sample::{self, Sample};
use super::xml::Source;
use super::{junctions, lane_changes, links, objects, parse, signals, speeds};
use crate::error::{MapError, Place};
use crate::geo::GeoReference;
use crate::lane::{JunctionId, Lane, LaneId, LaneKey, Neighbour};
use crate::map::{Map, MapParts};
use crate::polyline::{Polyline, PolylinePoint, wrap_angle};

/// Points of all lanes together: some 8,000 km of lanes, 600 MB.
const MOST_POINTS: usize = 5_000_000;

/// Where a lane comes from: road, section and lane record by their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub road: usize,
    pub section: usize,
    pub record: usize,
}

/// The map under construction.
pub(super) struct Build<'n> {
    pub network: &'n Network,
    pub lanes: Vec<Lane>,
    pub origins: Vec<Origin>,
    /// Road s of each point of each lane.
    pub road_s: Vec<Vec<f64>>,
    /// Lanes by road and section, in the order of the section's records; none for the middle lane.
    pub by_record: Vec<Vec<Vec<Option<LaneId>>>>,
    pub road_by_id: BTreeMap<&'n str, usize>,
    pub junction_by_id: BTreeMap<&'n str, JunctionId>,
}

/// Reads a map.
pub(crate) fn map(file: &Path, text: &str, digest: String) -> Result<Map, MapError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut source = Source::new(file, text);
    let network = parse::network(&mut source, text)?;
    let mut build = Build::new(&network);
    build.sample_lanes(&mut source)?;
    build.set_neighbours();
    links::set(&mut build, &mut source);
    speeds::set(&mut build);
    lane_changes::set(&mut build, &mut source);
    let junctions = junctions::make(&build, &mut source);
    let signals = signals::make(&build, &mut source);
    let objects = objects::make(&build, &mut source);
    let georeference = georeference(&network, &mut source);
    if source.left_out > 0 {
        let what = format!("{} more warnings", source.left_out);
        source
            .warnings
            .push(crate::Warning { place: Place { file: file.to_owned(), ..Place::default() }, what });
    }
    let of_file = || file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let name = if network.header.name.is_empty() { of_file() } else { network.header.name.clone() };
    Ok(Map::from_parts(MapParts {
        name,
        lanes: build.lanes,
        junctions,
        signals,
        objects,
        is_georeferenced: georeference.is_some(),
        georeference: georeference.unwrap_or_default(),
        warnings: source.warnings,
        digest,
    }))
}

fn georeference(network: &Network, source: &mut Source) -> Option<GeoReference> {
    let (line, text) = network.header.geo_reference.as_ref()?;
    match GeoReference::from_proj(text) {
        Ok(reference) => Some(reference.with_offset(network.header.offset.0, network.header.offset.1)),
        Err(why) => {
            let place = source.place(*line, None, None);
            source.warn(place, format!("<geoReference> is not understood ({why}): a local plane is used"));
            None
        }
    }
}

impl<'n> Build<'n> {
    fn new(network: &'n Network) -> Self {
        let mut junction_by_id = BTreeMap::new();
        for junction in &network.junctions {
            let next = JunctionId(junction_by_id.len() as u32);
            junction_by_id.entry(junction.id.as_str()).or_insert(next);
        }
        // Roads may name junctions that the file does not describe.
        for id in network.roads.iter().filter_map(|r| r.junction.as_deref()) {
            let next = JunctionId(junction_by_id.len() as u32);
            junction_by_id.entry(id).or_insert(next);
        }
        Self {
            network,
            lanes: vec![],
            origins: vec![],
            road_s: vec![],
            by_record: vec![],
            road_by_id: network.roads.iter().enumerate().map(|(i, r)| (r.id.as_str(), i)).collect(),
            junction_by_id,
        }
    }

    fn sample_lanes(&mut self, source: &mut Source) -> Result<(), MapError> {
        let mut budget = MOST_POINTS;
        for (r, road) in self.network.roads.iter().enumerate() {
            let mut of_road = vec![];
            for (s, section) in road.sections.iter().enumerate() {
                let mut of_section = vec![None; section.lanes.len()];
                for (i, record) in section.lanes.iter().enumerate().filter(|(_, l)| l.id != 0) {
                    let samples = sample::lane(road, section, record.id, &mut budget).map_err(|_| {
                        let place = source.place(record.line, Some(&road.id), Some(record.id));
                        MapError::Content {
                            place,
                            what: format!(
                                "here the map's lanes get more than {MOST_POINTS} points: too long"
                            ),
                        }
                    })?;
                    let origin = Origin { road: r, section: s, record: i };
                    if samples.folded && record.kind.is_drivable() {
                        let place = source.place(record.line, Some(&road.id), Some(record.id));
                        source.warn(
                            place,
                            "the road's curve is too tight for this lane, which folds over itself",
                        );
                    }
                    of_section[i] = Some(self.add_lane(origin, samples.samples));
                }
                of_road.push(of_section);
            }
            self.by_record.push(of_road);
        }
        Ok(())
    }

    fn add_lane(&mut self, origin: Origin, mut samples: Vec<Sample>) -> LaneId {
        let road = &self.network.roads[origin.road];
        let record = &road.sections[origin.section].lanes[origin.record];
        let id = LaneId(self.lanes.len() as u32);
        let along_road = ((record.id < 0) != road.left_hand_traffic) != record.reversed;
        if !along_road {
            samples.reverse();
            for sample in &mut samples {
                let PolylinePoint { heading, curvature, .. } = sample.centre;
                sample.centre.heading = wrap_angle(heading + std::f64::consts::PI);
                sample.centre.curvature = -curvature;
                (sample.left, sample.right) = (sample.right, sample.left);
            }
        }
        self.lanes.push(Lane {
            id,
            key: LaneKey { road: road.id.clone(), section: origin.section as u32, lane: record.id },
            line: record.line,
            kind: record.kind,
            centre: Polyline::new(samples.iter().map(|s| s.centre)),
            left_edge: samples.iter().map(|s| s.left).collect(),
            right_edge: samples.iter().map(|s| s.right).collect(),
            successors: vec![],
            predecessors: vec![],
            left: None,
            right: None,
            lane_changes: vec![],
            speed_limits: vec![],
            junction: road.junction.as_deref().and_then(|j| self.junction_by_id.get(j).copied()),
            along_road,
            road_s_start: samples.first().map_or(0.0, |s| s.s),
            road_s_end: samples.last().map_or(0.0, |s| s.s),
        });
        self.road_s.push(samples.iter().map(|s| s.s).collect());
        self.origins.push(origin);
        id
    }

    /// Lanes beside each other in a section; across the middle also where each side has sections of its own.
    fn set_neighbours(&mut self) {
        for at in 0..self.lanes.len() {
            let origin = self.origins[at];
            let record = self.record(LaneId(at as u32));
            let section = self.section(origin);
            let beside = |step: i32| -> Option<LaneId> {
                let mut id = record.id + step;
                if id == 0 {
                    id += step;
                }
                let same = section.lanes.iter().position(|l| l.id == id);
                match same {
                    Some(i) => self.by_record[origin.road][origin.section][i],
                    None => self.lane_of_side(origin.road, section.s, id),
                }
            };
            let (up, down) = (beside(1), beside(-1));
            let along = self.lanes[at].along_road;
            let neighbour = |lane: Option<LaneId>| {
                let lane = lane?;
                let same_direction = self.lanes[lane.0 as usize].along_road == along;
                Some(Neighbour { lane, same_direction })
            };
            let (left, right) = if along { (up, down) } else { (down, up) };
            let (left, right) = (neighbour(left), neighbour(right));
            (self.lanes[at].left, self.lanes[at].right) = (left, right);
        }
    }

    /// Lane `id` of a road at road s, in the section that holds there for its side.
    pub fn lane_of_side(&self, road: usize, s: f64, id: i32) -> Option<LaneId> {
        let sections = &self.network.roads[road].sections;
        let at = sections.iter().rposition(|x| x.has_side(id) && x.s <= s + 1e-6)?;
        self.lane_in(road, at, id)
    }

    /// Lane `id` of a section.
    pub fn lane_in(&self, road: usize, section: usize, id: i32) -> Option<LaneId> {
        let lanes = &self.network.roads[road].sections[section].lanes;
        let i = lanes.binary_search_by_key(&id, |l| l.id).ok()?;
        self.by_record[road][section][i]
    }

    /// Lane `id` at one end of a road.
    pub fn lane_at_end(&self, road: usize, end: End, id: i32) -> Option<LaneId> {
        let sections = &self.network.roads[road].sections;
        let at = match end {
            End::Start => sections.iter().position(|s| s.has_side(id)),
            End::End => sections.iter().rposition(|s| s.has_side(id)),
        };
        self.lane_in(road, at?, id)
    }

    pub fn road(&self, lane: LaneId) -> &'n Road {
        &self.network.roads[self.origins[lane.0 as usize].road]
    }

    fn section(&self, origin: Origin) -> &'n Section {
        &self.network.roads[origin.road].sections[origin.section]
    }

    pub fn section_of(&self, lane: LaneId) -> &'n Section {
        self.section(self.origins[lane.0 as usize])
    }

    pub fn record(&self, lane: LaneId) -> &'n LaneRecord {
        let origin = self.origins[lane.0 as usize];
        &self.section(origin).lanes[origin.record]
    }

    pub fn lane(&self, lane: LaneId) -> &Lane {
        &self.lanes[lane.0 as usize]
    }

    pub fn place(&self, source: &Source, lane: LaneId) -> Place {
        source.place(self.record(lane).line, Some(&self.road(lane).id), Some(self.record(lane).id))
    }

    /// Arc length on a lane at road s.
    pub fn lane_s(&self, lane: LaneId, s: f64) -> f64 {
        let (road_s, lane) = (&self.road_s[lane.0 as usize], self.lane(lane));
        let points = lane.centre.points();
        let after = if lane.along_road {
            road_s.partition_point(|x| *x <= s)
        } else {
            road_s.partition_point(|x| *x >= s)
        };
        match (after.checked_sub(1), points.get(after)) {
            (None, _) => 0.0,
            (Some(_), None) => lane.length(),
            (Some(i), Some(next)) => {
                let (from, to) = (road_s[i], road_s[after]);
                let u = if from == to { 0.0 } else { ((s - from) / (to - from)).clamp(0.0, 1.0) };
                points[i].s + (next.s - points[i].s) * u
            }
        }
    }

    /// Values that hold between places on the road, in order of the lane: `(from, to, value)` in arc lengths of the lane.
    pub fn along_lane<T: Copy + PartialEq>(
        &self,
        lane: LaneId,
        pieces: &[(f64, f64, T)],
    ) -> Vec<(f64, f64, T)> {
        let mut out: Vec<(f64, f64, T)> = vec![];
        let mut add = |(from, to, value): (f64, f64, T)| match out.last_mut() {
            Some(last) if last.2 == value => last.1 = to,
            _ => out.push((from, to, value)),
        };
        let along = self.lane(lane).along_road;
        let convert = |(a, b, value): &(f64, f64, T)| {
            let (a, b) = (self.lane_s(lane, *a), self.lane_s(lane, *b));
            (a.min(b), a.max(b), *value)
        };
        if along {
            pieces.iter().map(convert).for_each(&mut add);
        } else {
            pieces.iter().rev().map(convert).for_each(&mut add);
        }
        if let Some(first) = out.first_mut() {
            first.0 = 0.0;
        }
        if let Some(last) = out.last_mut() {
            last.1 = self.lane(lane).length();
        }
        out
    }
}

//! The terminal: a public road with a roundabout, gates, and a yard of container stacks at a quay.
//!
//! x is east, y north. The roundabout is at the origin, the quay at y = 622 m.

use std::f64::consts::{FRAC_PI_2, TAU};

use glam::DVec2;

use super::curve::{Curve, Pose, join};
use super::network::{End, LaneSpec, Network, SectionSpec, lane};

const PUBLIC: (&str, f64) = ("town", 60.0);
const RING: (&str, f64) = ("town", 30.0);
const YARD: (&str, f64) = ("lowSpeed", 25.0);
const GATE: (&str, f64) = ("lowSpeed", 10.0);

/// Half the way that a junction of the yard takes up.
const REACH: f64 = 18.0;
const COLUMNS: [f64; 3] = [-220.0, 0.0, 220.0];
const ROWS: [f64; 4] = [328.0, 428.0, 528.0, 610.0];

fn both_ways(width: f64, beside: &[LaneSpec]) -> SectionSpec {
    let mut lanes = vec![lane("driving", width, "solid")];
    lanes.extend_from_slice(beside);
    SectionSpec { length: 0.0, left: lanes.clone(), middle: "broken", right: lanes }
}

fn one_way(width: f64) -> SectionSpec {
    let right = vec![lane("driving", width, "solid"), lane("shoulder", 1.0, "none")];
    SectionSpec { length: 0.0, left: vec![lane("shoulder", 1.0, "none")], middle: "solid", right }
}

/// The terminal.
pub fn network() -> Network {
    let mut net = Network::default();
    let access = access_road(&mut net);
    public_road(&mut net, access);
    let entry = gates(&mut net, access);
    yard(&mut net, entry);
    net
}

/// From the roundabout to the gates. A second lane opens towards these.
fn access_road(net: &mut Network) -> usize {
    let shoulder = lane("shoulder", 1.5, "none");
    let walk = lane("sidewalk", 2.0, "none");
    let second = |from: f64, to: f64| LaneSpec { kind: "driving", width: (from, to), line: "solid" };
    let section = |length: f64, second: Option<LaneSpec>| {
        let mut right = vec![lane("driving", 3.75, if second.is_some() { "broken" } else { "solid" })];
        right.extend(second);
        right.push(shoulder);
        right.push(walk);
        let left = vec![lane("driving", 3.75, "solid"), shoulder, walk];
        SectionSpec { length, left, middle: "solid", right }
    };
    let sections = vec![
        section(24.0, Some(second(0.0, 0.0))),
        section(26.0, Some(second(0.0, 3.75))),
        section(80.0, Some(second(3.75, 3.75))),
    ];
    let road = net.road(
        "Terminal Access",
        ("town", 40.0),
        Pose::new(0.0, 42.0, 90.0),
        vec![(130.0, Curve::Line)],
        sections,
    );
    net.object(road, ("crosswalk", "crosswalk"), [14.0, 0.0, 0.0], [3.0, 11.0, 0.0], "");
    net.object(road, ("building", "administration"), [88.0, -44.0, 0.0], [42.0, 20.0, 15.0], "");
    net.object(road, ("building", "canteen"), [30.0, -36.0, 0.0], [24.0, 14.0, 5.0], "");
    net.object(road, ("building", "customs"), [78.0, 42.0, 0.0], [60.0, 26.0, 9.0], "");
    net.sign(road, "274", 6.0, -7.5, true, r#" value="40" unit="km/h""#);
    net.sign(road, "274", 124.0, -10.5, true, r#" value="10" unit="km/h""#);
    road
}

/// The roundabout, and the public road to both sides up to where it turns.
fn public_road(net: &mut Network, access: usize) {
    let beside = [lane("shoulder", 1.5, "none"), lane("sidewalk", 2.0, "none")];
    let lanes = both_ways(3.75, &beside);
    let (west, east) = (Pose::new(-42.0, 0.0, 180.0), Pose::new(42.0, 0.0, 0.0));
    let (far_west, far_east) = (Pose::new(-300.0, 46.0, 180.0), Pose::new(310.0, -38.0, 0.0));
    let to_west = net.plain("Khalifa Port Road West", PUBLIC, west, far_west, &lanes);
    let to_east = net.plain("Khalifa Port Road East", PUBLIC, east, far_east, &lanes);
    for road in [to_west, to_east] {
        let length = net.roads[road].length();
        for t in [-8.5, 8.5] {
            let trees = format!(
                r#"<repeat s="16" length="{:.0}" distance="16" tStart="{t}" tEnd="{t}" heightStart="7" heightEnd="6"/>"#,
                length - 32.0
            );
            net.object(road, ("tree", "date palm"), [16.0, t, 0.0], [0.5, 0.5, 7.0], &trees);
        }
    }
    roundabout(net, DVec2::ZERO, 20.0, &[(to_east, End::Start), (access, End::Start), (to_west, End::Start)]);
    roundabout(net, far_west.moved(42.0, 0.0).at, 20.0, &[(to_west, End::End)]);
    roundabout(net, far_east.moved(42.0, 0.0).at, 20.0, &[(to_east, End::End)]);
}

/// A ring of one lane, driven counter-clockwise; one junction per arm. Arms end 42 m from its middle.
fn roundabout(net: &mut Network, centre: DVec2, radius: f64, arms: &[(usize, End)]) {
    let half = 35.0_f64.to_radians();
    let angle_of = |net: &Network, (road, end): (usize, End)| {
        let pose = if end == End::Start { net.roads[road].start } else { net.roads[road].end() };
        (pose.at - centre).to_angle().rem_euclid(TAU)
    };
    let mut by_angle: Vec<_> = arms.iter().map(|a| (angle_of(net, *a), *a)).collect();
    by_angle.sort_by(|a, b| a.0.total_cmp(&b.0));
    let lanes = SectionSpec {
        length: 0.0,
        left: vec![lane("border", 1.0, "none")],
        middle: "solid",
        right: vec![lane("driving", 4.5, "solid"), lane("shoulder", 1.0, "none")],
    };
    // The reference line is the inner edge of the lane.
    let inner = radius - 2.25;
    let mut ring = vec![];
    for (i, (angle, _)) in by_angle.iter().enumerate() {
        let next = by_angle.get(i + 1).map_or(by_angle[0].0 + TAU, |n| n.0);
        let (from, to) = (angle + half, next - half);
        let start = Pose { at: centre + DVec2::from_angle(from) * inner, heading: from + FRAC_PI_2 };
        let length = (to - from) * inner;
        let arc = vec![(length, Curve::Spiral(1.0 / inner, 1.0 / inner))];
        ring.push(net.road("Roundabout", RING, start, arc, vec![lanes.clone()]));
    }
    let island = format!(r#"<repeat s="0" length="0" distance="1" tStart="{inner}" tEnd="{inner}"/>"#);
    net.object(ring[0], ("vegetation", "island"), [0.0, inner, 0.0], [18.0, 18.0, 1.2], &island);
    for (i, (_, arm)) in by_angle.iter().enumerate() {
        let before = ring[(i + ring.len() - 1) % ring.len()];
        let after = ring[i];
        let junction = net.junction(&[(before, End::End), (*arm), (after, End::Start)], 30.0, |from, to| {
            // On a ring of a single arm both ends are the same road.
            (from.road, from.end) != (to.road, to.end)
        });
        net.priority(junction, before, arm.0);
        let length = net.roads[arm.0].length();
        let (s, t, along) = if arm.1 == End::End { (length - 1.0, -6.5, true) } else { (1.0, 6.5, false) };
        net.sign(arm.0, "205", s, t, along, "");
    }
}

/// Three gates inwards and two outwards, each a lane of its own with a booth beside it. Returns the road behind them.
fn gates(net: &mut Network, access: usize) -> usize {
    let lanes = SectionSpec {
        length: 0.0,
        left: vec![],
        middle: "solid",
        right: vec![lane("driving", 3.5, "solid")],
    };
    let (south, north) = (207.0, 247.0);
    let entry = net.plain(
        "Yard Entry",
        YARD,
        Pose::new(0.0, 287.0, 90.0),
        Pose::new(0.0, ROWS[0] - REACH, 90.0),
        &both_ways(4.0, &[lane("shoulder", 1.0, "none")]),
    );
    let mut south_arms = vec![(access, End::End)];
    let mut north_arms = vec![(entry, End::Start)];
    for (i, x) in [3.0, 9.0, 15.0].into_iter().enumerate() {
        let (from, to) = (Pose::new(x - 1.75, south, 90.0), Pose::new(x - 1.75, north, 90.0));
        let gate = net.plain(&format!("Gate In {}", i + 1), GATE, from, to, &lanes);
        south_arms.push((gate, End::Start));
        north_arms.push((gate, End::End));
        net.object(gate, ("building", "booth"), [18.0, -4.75, 0.0], [5.0, 1.4, 3.0], "");
        net.sign(gate, "206", 20.0, -3.9, true, "");
    }
    for (i, x) in [-3.0, -9.0].into_iter().enumerate() {
        let (from, to) = (Pose::new(x + 1.75, north, -90.0), Pose::new(x + 1.75, south, -90.0));
        let gate = net.plain(&format!("Gate Out {}", i + 1), GATE, from, to, &lanes);
        south_arms.push((gate, End::End));
        north_arms.push((gate, End::Start));
        net.object(gate, ("building", "booth"), [22.0, -4.75, 0.0], [5.0, 1.4, 3.0], "");
        net.sign(gate, "206", 20.0, -3.9, true, "");
    }
    // The left of two lanes leads to the left gates, the right one to the right gates.
    net.junction(&south_arms, 15.0, |from, to| match (from.road == access, from.lane) {
        (true, -1) => to.pose.at.x < 10.0,
        (true, _) => to.pose.at.x > 5.0,
        _ => to.road == access,
    });
    net.junction(&north_arms, 15.0, |from, to| (from.road == entry) != (to.road == entry));
    entry
}

/// Avenues north and south, rows between the stacks, and the quay.
fn yard(net: &mut Network, entry: usize) {
    let mut arms = vec![vec![vec![]; COLUMNS.len()]; ROWS.len()];
    arms[0][1].push((entry, End::End));
    let avenue = both_ways(4.0, &[lane("shoulder", 1.0, "none")]);
    let mut avenues = vec![];
    for (c, x) in COLUMNS.into_iter().enumerate() {
        for r in 0..ROWS.len() - 1 {
            let (from, to) = (Pose::new(x, ROWS[r] + REACH, 90.0), Pose::new(x, ROWS[r + 1] - REACH, 90.0));
            let name = format!("{} Avenue", ["West", "Middle", "East"][c]);
            // The quay is driven eastwards, so the west avenue leads up to it and the east avenue down from it.
            let to_quay = r + 2 == ROWS.len();
            let road = match c {
                0 if to_quay => {
                    net.plain(&name, YARD, from.moved(0.0, 2.25), to.moved(0.0, 2.25), &one_way(4.5))
                }
                2 if to_quay => {
                    let (from, to) = (to.reversed(), from.reversed());
                    net.plain(&name, YARD, from.moved(0.0, 2.25), to.moved(0.0, 2.25), &one_way(4.5))
                }
                _ => net.plain(&name, YARD, from, to, &avenue),
            };
            let southwards = c == 2 && to_quay;
            let (south, north) = if southwards { (End::End, End::Start) } else { (End::Start, End::End) };
            arms[r][c].push((road, south));
            arms[r + 1][c].push((road, north));
            avenues.push(road);
            lamps(net, road, 7.0);
        }
    }
    let mut rows = vec![];
    for (r, y) in ROWS.into_iter().enumerate() {
        for c in 0..COLUMNS.len() - 1 {
            let road = row(net, r, y, c);
            let (west, east) = if r == 2 { (End::End, End::Start) } else { (End::Start, End::End) };
            arms[r][c].push((road, west));
            arms[r][c + 1].push((road, east));
            rows.push((r, road));
        }
    }
    for (r, of_row) in arms.iter().enumerate() {
        for of_place in of_row {
            let junction = net.junction(of_place, 20.0, |_, _| true);
            let meets = |road: &usize| of_place.iter().any(|(arm, _)| arm == road);
            for (_, low) in rows.iter().filter(|(at, road)| *at == r && (1..=2).contains(at) && meets(road)) {
                for high in avenues.iter().filter(|a| meets(a)) {
                    net.priority(junction, *high, *low);
                }
            }
        }
    }
    stacks(net, &rows);
}

/// One road along a row: the avenue with parking, stack lanes of one way, or the quay.
fn row(net: &mut Network, r: usize, y: f64, c: usize) -> usize {
    let (west, east) = (COLUMNS[c] + REACH, COLUMNS[c + 1] - REACH);
    match r {
        0 => parking_avenue(net, west, east, y),
        1 => stack_lane(net, "Stack Lane A", Pose::new(west, y, 0.0), Pose::new(east, y, 0.0)),
        2 => stack_lane(net, "Stack Lane B", Pose::new(east, y, 180.0), Pose::new(west, y, 180.0)),
        _ => {
            let (from, to) = (Pose::new(west, y + 2.5, 0.0), Pose::new(east, y + 2.5, 0.0));
            let road = net.plain("Quay Lane", YARD, from, to, &one_way(5.0));
            let leg = r#"<repeat s="30" length="130" distance="60" tStart="9" tEnd="9" heightStart="40" heightEnd="40"/>"#;
            net.object(road, ("crane", "ship-to-shore crane"), [30.0, 9.0, 0.0], [14.0, 2.5, 40.0], leg);
            net.sign(road, "206", net.roads[road].length() - 1.0, -6.6, true, "");
            let ship = (["Al Dhafra", "Liwa"][c], [92.0, 34.0, 0.0], [160.0, 30.0, 18.0]);
            net.object(road, ("vessel", ship.0), ship.1, ship.2, "");
            road
        }
    }
}

fn stack_lane(net: &mut Network, name: &str, from: Pose, to: Pose) -> usize {
    // The lane's middle is on the line between the junctions' middles.
    let road = net.plain(name, YARD, from.moved(0.0, 2.25), to.moved(0.0, 2.25), &one_way(4.5));
    let length = net.roads[road].length();
    net.sign(road, "206", length - 1.0, -6.0, true, "");
    road
}

/// Both ways, with bays to park in along the middle part.
fn parking_avenue(net: &mut Network, west: f64, east: f64, y: f64) -> usize {
    let length = east - west;
    let section = |length: f64, parking: bool| {
        let mut spec = both_ways(4.0, &[]);
        if parking {
            spec.right.push(lane("parking", 4.0, "none"));
            spec.left.push(lane("parking", 4.0, "none"));
        }
        SectionSpec { length, ..spec }
    };
    let bays = 126.0;
    let before = 0.5 * (length - bays);
    let sections = vec![section(before, false), section(bays, true), section(length - bays - before, false)];
    let pieces = join(Pose::new(west, y, 0.0), Pose::new(east, y, 0.0));
    let road = net.road("South Avenue", YARD, Pose::new(west, y, 0.0), pieces, sections);
    for t in [-6.0, 6.0] {
        let repeat = format!(
            r#"<repeat s="{}" length="{}" distance="18" tStart="{t}" tEnd="{t}"/>"#,
            before + 9.0,
            bays - 18.0
        );
        net.object(road, ("parkingSpace", "truck bay"), [before + 9.0, t, 0.0], [17.0, 3.6, 0.0], &repeat);
    }
    let fence = format!(
        r#"<repeat s="0" length="{length}" distance="0" tStart="-24" tEnd="-24" widthStart="0.1" widthEnd="0.1" heightStart="2.5" heightEnd="2.5"/>"#
    );
    net.object(road, ("barrier", "fence"), [0.0, -24.0, 0.0], [4.0, 0.1, 2.5], &fence);
    let (workshop, tank) =
        if west < 0.0 { ("workshop", "fuel station") } else { ("warehouse", "reefer power") };
    net.object(road, ("building", workshop), [70.0, -50.0, 0.0], [70.0, 32.0, 10.0], "");
    net.object(road, ("building", tank), [135.0, -46.0, 0.0], [18.0, 12.0, 5.0], "");
    road
}

fn lamps(net: &mut Network, road: usize, t: f64) {
    let length = net.roads[road].length();
    let repeat = format!(
        r#"<repeat s="4" length="{}" distance="28" tStart="{t}" tEnd="{t}" heightStart="12" heightEnd="12"/>"#,
        length - 8.0
    );
    net.object(road, ("pole", "lamp"), [4.0, t, 0.0], [0.3, 0.3, 12.0], &repeat);
}

/// Containers of 40 feet in blocks between the rows, one object per stack.
fn stacks(net: &mut Network, rows: &[(usize, usize)]) {
    const NAMES: [&str; 6] = ["MSCU", "CMAU", "HLCU", "OOLU", "EGLV", "TEMU"];
    let mut seed = 20_u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for (r, road) in rows.iter().filter(|(r, _)| *r < 3) {
        let start = net.roads[*road].start;
        // From the row northwards, whichever way it is driven.
        let north = if start.heading.abs() < 1.0 { 1.0 } else { -1.0 };
        let y_of_line = start.at.y;
        let depth = ROWS[r + 1] - ROWS[*r];
        let lines = ((depth - 36.0) / 2.9) as usize;
        let length = net.roads[*road].length();
        let bays = ((length - 16.0) / 13.4) as usize;
        for bay in 0..bays {
            let s = 8.0 + 6.7 + bay as f64 * 13.4;
            for line in 0..lines {
                // Every sixth line is free for cranes, and some places are empty.
                let tiers = draw(6);
                if line % 6 == 5 || tiers == 0 {
                    continue;
                }
                let y = ROWS[*r] + 18.0 + 1.45 + line as f64 * 2.9;
                let name = NAMES[draw(6) as usize];
                let height = 2.59 * tiers as f64;
                let t = north * (y - y_of_line);
                net.object(*road, ("container", name), [s, t, 0.0], [12.19, 2.44, height], "");
            }
        }
    }
}

//! Routes over small networks, and over the roads that ship with the product.

// All of this is test code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use maps::road::{Overlay, Query, RoadGraph, Route, RouteError, SnapError, WayId};
use maps::{Map, Wgs84};

const ABU_DHABI: (f64, f64) = (24.4539, 54.3773);
const DUBAI: (f64, f64) = (25.2048, 55.2708);

fn place((latitude_deg, longitude_deg): (f64, f64)) -> Wgs84 {
    Wgs84::new(latitude_deg, longitude_deg)
}

fn ways(route: &Route) -> Vec<i64> {
    route.ways.iter().map(|w| w.way.0).collect()
}

/// Ways by their nodes; node `n` lies in row `n / 10` and column `n % 10` of a grid of about 100 m.
fn network(ways: &[(i64, &[i64], &str)], rest: &str) -> RoadGraph {
    let mut text = String::from("<osm version=\"0.6\">");
    for node in 0..100 {
        let (latitude, longitude) = (24.0 + f64::from(node / 10) * 1e-3, 54.0 + f64::from(node % 10) * 1e-3);
        let tags = if node == 99 { "<tag k=\"barrier\" v=\"bollard\"/>" } else { "" };
        text += &format!("<node id=\"{node}\" lat=\"{latitude}\" lon=\"{longitude}\">{tags}</node>");
    }
    for (id, nodes, tags) in ways {
        text += &format!("<way id=\"{id}\"><tag k=\"highway\" v=\"tertiary\"/>");
        nodes.iter().for_each(|n| text += &format!("<nd ref=\"{n}\"/>"));
        for tag in tags.split_whitespace() {
            let (key, value) = tag.split_once('=').unwrap();
            text += &format!("<tag k=\"{key}\" v=\"{value}\"/>");
        }
        text += "</way>";
    }
    RoadGraph::from_osm_xml("test.osm", &(text + rest + "</osm>")).unwrap()
}

fn restriction(kind: &str, from: i64, via: &str, to: i64) -> String {
    format!(
        "<relation id=\"1\"><tag k=\"type\" v=\"restriction\"/><tag k=\"restriction\" v=\"{kind}\"/>\
         <member type=\"way\" ref=\"{from}\" role=\"from\"/>{via}<member type=\"way\" ref=\"{to}\" role=\"to\"/></relation>"
    )
}

/// From beside one node of the grid to beside another.
fn route(graph: &RoadGraph, from: f64, to: f64) -> Result<Route, RouteError> {
    let at = |n: f64| Wgs84::new(24.0 + (n / 10.0).floor() * 1e-3, 54.0 + (n % 10.0) * 1e-3);
    graph.route(&Query::new(at(from), at(to)), &Overlay::default())
}

/// A block: way 1 from west to a junction, 2 straight on, 3 to the north, 4 and 5 around to the end of 2.
const BLOCK: [(i64, &[i64], &str); 5] =
    [(1, &[0, 1], ""), (2, &[1, 2], ""), (3, &[1, 11], ""), (4, &[11, 12], ""), (5, &[12, 2, 3], "")];

#[test]
fn the_shorter_way_is_taken_in_the_allowed_direction() {
    let graph = network(&BLOCK, "");
    assert_eq!(ways(&route(&graph, 0.2, 2.8).unwrap()), [1, 2, 5]);
    let mut against = BLOCK;
    against[1].2 = "oneway=-1";
    assert_eq!(ways(&route(&network(&against, ""), 0.2, 2.8).unwrap()), [1, 3, 4, 5]);
    assert_eq!(ways(&route(&network(&against, ""), 2.8, 0.2).unwrap()), [5, 2, 1]);
    against[1].2 = "motor_vehicle=no";
    assert_eq!(ways(&route(&network(&against, ""), 2.8, 0.2).unwrap()), [5, 4, 3, 1]);
}

#[test]
fn length_time_and_line_are_those_of_the_part_that_is_driven() {
    let graph = network(&[(1, &[0, 1, 2, 3], "maxspeed=36")], "");
    let found = route(&graph, 0.5, 2.5).unwrap();
    let expected = Wgs84::new(24.0, 54.0005).distance_m(Wgs84::new(24.0, 54.0025));
    assert!((found.length_m - expected).abs() < 0.1, "{}", found.length_m);
    assert!((found.duration_s - expected / 10.0).abs() < 0.01, "{}", found.duration_s);
    assert_eq!(found.geometry.len(), 4);
    let driven: f64 = found.geometry.windows(2).map(|p| p[0].distance_m(p[1])).sum();
    assert!((driven - found.length_m).abs() < 0.1);
    assert!((found.from.fraction - 1.0 / 6.0).abs() < 1e-3 && found.from.distance_m < 0.1);
    let back = route(&graph, 2.5, 0.5).unwrap();
    assert!((back.length_m - found.length_m).abs() < 1e-3);
    assert_eq!(back.geometry.first(), found.geometry.last());
}

#[test]
fn turn_restrictions_over_a_node_are_obeyed() {
    let via = "<member type=\"node\" ref=\"1\" role=\"via\"/>";
    let forbidden = network(&BLOCK, &restriction("no_straight_on", 1, via, 2));
    assert_eq!(ways(&route(&forbidden, 0.2, 2.8).unwrap()), [1, 3, 4, 5]);
    // From elsewhere it is allowed.
    assert_eq!(ways(&route(&forbidden, 11.0, 2.8).unwrap()).last(), Some(&5));
    let only = network(&BLOCK, &restriction("only_left_turn", 1, via, 3));
    assert_eq!(ways(&route(&only, 0.2, 2.8).unwrap()), [1, 3, 4, 5]);
    let for_others = restriction("no_straight_on", 1, via, 2)
        .replace("<tag k=\"type\"", "<tag k=\"except\" v=\"psv;motorcar\"/><tag k=\"type\"");
    assert_eq!(ways(&route(&network(&BLOCK, &for_others), 0.2, 2.8).unwrap()), [1, 2, 5]);
}

#[test]
fn turn_restrictions_over_a_way_hold_for_those_who_come_that_way() {
    // North from 1 over 3 and then right into 4 is forbidden; straight on over 6 and 7 is not.
    let mut roads = BLOCK.to_vec();
    roads[1].2 = "motor_vehicle=no";
    roads.extend([
        (6, [11, 21].as_slice(), ""),
        (7, &[21, 22, 12], ""),
        (8, &[10, 11], ""),
        (9, &[-1, 1], ""),
    ]);
    let via = "<member type=\"way\" ref=\"3\" role=\"via\"/>";
    let graph = network(&roads, &restriction("no_right_turn", 1, via, 4));
    assert_eq!(ways(&route(&graph, 0.2, 2.8).unwrap()), [1, 3, 6, 7, 5]);
    // Who begins on 3, or comes from 8, may turn into 4.
    assert_eq!(ways(&route(&graph, 10.2, 2.8).unwrap()), [8, 4, 5]);
    let only = network(&roads, &restriction("only_straight_on", 1, via, 6));
    assert_eq!(ways(&route(&only, 0.2, 2.8).unwrap()), [1, 3, 6, 7, 5]);
}

#[test]
fn barriers_stop_and_restricted_roads_are_for_those_who_go_there() {
    // Node 99 is a bollard.
    let roads =
        [(1, [0, 1].as_slice(), ""), (2, &[1, 99, 2], ""), (3, &[1, 11, 12, 2], ""), (4, &[2, 3], "")];
    assert_eq!(ways(&route(&network(&roads, ""), 0.2, 2.8).unwrap()), [1, 3, 4]);
    let mut roads = BLOCK;
    roads[1].2 = "access=private";
    let graph = network(&roads, "");
    assert_eq!(ways(&route(&graph, 0.2, 2.8).unwrap()), [1, 3, 4, 5]);
    assert_eq!(ways(&route(&graph, 0.2, 1.5).unwrap()), [1, 2]);
    // If there is no other way, it is driven.
    roads[3].2 = "oneway=-1";
    assert_eq!(ways(&route(&network(&roads, ""), 0.2, 2.8).unwrap()), [1, 2, 5]);
}

#[test]
fn who_must_turn_round_does_so_at_a_dead_end() {
    let roads = [(1, [0, 1].as_slice(), ""), (2, &[1, 2], "oneway=yes"), (3, &[1, 11], "")];
    // From 1 eastwards there is no way back but over the dead end of 3.
    let graph = network(&roads, "");
    let found = route(&graph, 0.2, 0.1).unwrap();
    assert_eq!(ways(&found), [1]);
    assert!(found.length_m < 20.0, "backwards on a road with two directions");
    // The end of 2 can't be left; within 1 km there is another road to begin on, within 20 m there is none.
    assert_eq!(ways(&route(&graph, 1.8, 0.2).unwrap()), [1]);
    let query = Query::new(Wgs84::new(24.0, 54.0018), Wgs84::new(24.0, 54.0002));
    let near = graph.route(&Query { snap_within_m: 20.0, ..query }, &Overlay::default());
    assert_eq!(near, Err(RouteError::Disconnected { from: WayId(2), to: WayId(1) }));
}

#[test]
fn abu_dhabi_to_dubai() {
    let graph = RoadGraph::load("uae-main-roads").unwrap();
    let query = Query::new(place(ABU_DHABI), place(DUBAI));
    let open = graph.route(&query, &Overlay::default()).unwrap();
    assert!(open.from.distance_m < 2000.0 && open.to.distance_m < 2000.0);
    assert!((120e3..170e3).contains(&open.length_m), "{} m", open.length_m);
    assert!((4000.0..7500.0).contains(&open.duration_s), "{} s", open.duration_s);
    assert!(open.ways.iter().all(|w| w.name.is_some()));
    let back = graph.route(&Query::new(place(DUBAI), place(ABU_DHABI)), &Overlay::default()).unwrap();
    assert!((120e3..170e3).contains(&back.length_m));
    for blocked in &open.ways[1..open.ways.len() - 1] {
        let mut overlay = Overlay::default();
        overlay.block(blocked.way);
        let explained = graph.explain(&query, &overlay).unwrap();
        assert!(!ways(&explained.route).contains(&blocked.way.0));
        assert!(explained.route.duration_s >= open.duration_s, "{}", blocked.way);
        assert!(explained.blocked.contains(&blocked.way));
        assert_eq!(explained.without_changes.duration_s, open.duration_s);
        overlay.restore(blocked.way);
        assert_eq!(graph.route(&query, &overlay).unwrap(), open);
    }
    let long = open.ways.iter().max_by(|a, b| a.length_m.total_cmp(&b.length_m)).unwrap();
    let mut slow = Overlay::default();
    slow.cap_speed(long.way, 5.0).unwrap();
    let around = graph.route(&query, &slow).unwrap();
    assert!(!ways(&around).contains(&long.way.0) && around.duration_s > open.duration_s);
    let mut convoy = Overlay::default();
    convoy.cap_all_speeds(10.0).unwrap();
    let slowly = graph.route(&query, &convoy).unwrap();
    assert!(slowly.duration_s >= slowly.length_m / 10.0 - 1.0);
}

#[test]
fn every_road_of_the_shipped_graph_is_connected_in_both_directions() {
    let report = RoadGraph::load("uae-main-roads").unwrap().report();
    assert_eq!(report.components.len(), 1);
    assert_eq!(report.strongly_connected_nodes, report.nodes);
    assert_eq!((report.traps, report.zero_length.len()), (0, 0));
    assert_eq!(report.unnamed_share, 0.0);
    let checked = maps::validate::validate("uae-main-roads").unwrap();
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
}

#[test]
fn no_route_says_why() {
    let graph = RoadGraph::load("uae-main-roads").unwrap();
    let query = Query::new(place(ABU_DHABI), place(DUBAI));
    let mut cut = Overlay::default();
    // Everything that leads from the emirate of Abu Dhabi to Dubai.
    for way in [1104, 1105, 7501, 7502, 7503, 31103, 31104, 2003, 2203, 2204] {
        cut.block(WayId(way));
    }
    let said = graph.route(&query, &cut).unwrap_err();
    let RouteError::Blocked { met, .. } = &said else { panic!("{said}") };
    assert!(!met.is_empty() && met.iter().all(|way| cut.is_blocked(*way)));
    assert!(said.to_string().contains("blocked segments cut every way"), "{said}");

    let far = Query::new(place((51.5, -0.1)), place(DUBAI));
    let Err(RouteError::Start(SnapError::OutsideArea { nearest_m, .. })) =
        graph.route(&far, &Overlay::default())
    else {
        panic!("London has no road there")
    };
    assert!(nearest_m > 4_000e3);
    let nowhere = Query::new(place(DUBAI), place((f64::NAN, 0.0)));
    let said = graph.route(&nowhere, &cut).unwrap_err();
    assert!(matches!(said, RouteError::Goal(SnapError::NoPlace { .. })), "{said}");
}

#[test]
fn roads_beside_a_place_may_all_be_blocked() {
    let graph = network(&[(1, &[0, 1], ""), (2, &[1, 2], "")], "");
    let mut overlay = Overlay::default();
    overlay.block(WayId(1));
    let beside = Wgs84::new(24.0, 54.0005);
    assert_eq!(graph.snap(beside, 100.0, &overlay).unwrap().way, WayId(2));
    let said = graph.snap(beside, 10.0, &overlay).unwrap_err();
    assert_eq!(said, SnapError::Blocked { way: WayId(1), within_m: 10.0 });
}

#[test]
fn a_lane_map_is_routed_the_same_way() {
    let map = Map::load("terminal-yard").unwrap();
    let graph = RoadGraph::from_lanes(&map).unwrap();
    assert_eq!(graph.report().components.len(), 1);
    let drivable: Vec<_> = map.lanes.iter().filter(|l| l.kind.is_drivable()).collect();
    let mut compared = 0;
    for (from, to) in drivable.iter().zip(drivable.iter().rev()).filter(|(a, b)| a.id != b.id) {
        let middle =
            |lane: &maps::Lane| map.georeference.to_wgs84(lane.centre.at(0.5 * lane.length()).position);
        let query = Query { snap_within_m: 20.0, ..Query::new(middle(from), middle(to)) };
        let found = graph.route(&query, &Overlay::default()).unwrap();
        let on = |lane: &maps::Lane| maps::LanePosition { lane: lane.id, s: 0.5 * lane.length(), t: 0.0 };
        let options = maps::RouteOptions { cost: maps::RouteCost::Time, ..Default::default() };
        // On some lanes there is no room to change to the one that leads there.
        let Ok(lanes) = map.route(on(from), on(to), &options) else { continue };
        // Places are snapped to roads of either direction, so that the road's route may be shorter; it is never much longer.
        assert!(found.length_m < 1.2 * lanes.length_m + 100.0, "{} m, {} m", found.length_m, lanes.length_m);
        compared += 1;
    }
    assert!(compared > 50);
    let first = &graph.ways()[0];
    assert!(map.lanes.iter().any(|l| l.key.road == first.id.0.to_string()));
}

#![allow(clippy::unwrap_used)]
mod common;
use maps::Map;
use planning::PlanningParams;
#[test]
fn lines() {
    let params = PlanningParams::default();
    let n: u64 = std::env::var("N").map_or(30, |n| n.parse().unwrap());
    for file in std::env::var("PM").unwrap().split(',') {
        let map = Map::load(file).unwrap();
        let (mut detours, mut refused) = (0, 0); let (mut bad, mut times, mut worst) = (0, vec![], vec![]);
        for seed in 1..=n {
            let Some((from, to)) = common::random_pair(&map, seed, 30.0) else { continue };
            let route = map.route(from, to, &maps::RouteOptions::default()).unwrap();
            let t = std::time::Instant::now();
            let found = planning::drivable_route(&map, &params.vehicle, 13.9, (from, to)); let line = match found { Ok(f) => { if f.route != route { detours += 1; } f.line } Err(e) => { refused += 1; worst.push(format!("  seed {seed} {e} {}", route.length_m)); continue } };
            times.push(t.elapsed().as_secs_f64() * 1e3);
            let out = line.misfits.iter().max_by(|a, b| a.off_road_m.total_cmp(&b.off_road_m));
            let tight = line.misfits.iter().map(|m| m.too_tight).fold(0.0, f64::max);
            let max_d =
                line.stations.iter().map(|s| (0.5 * (s.left_m + s.right_m)).abs()).fold(0.0, f64::max);
            if let Some(o) = out.filter(|o| o.off_road_m > 0.02 || tight > 0.0) {
                bad += 1;
                let st = &line.stations[o.index];
                worst.push(format!("  seed {seed} off {:.2} m tight {tight:.2} at {} ({:.0}) lane {} max offset {max_d:.2} n {}", o.off_road_m, line.line.points()[o.index].position, line.line.points()[o.index].s, map.lane(st.lane).key, line.misfits.len()).replace("{}", ""));
            }
            if std::env::var("DUMP").is_ok_and(|d| d == seed.to_string()) {
                let mut s = String::new();
                for p in line.line.points() {
                    s +=
                        &format!("{} {} {} {} {}\n", p.s, p.position.x, p.position.y, p.heading, p.curvature);
                }
                std::fs::write("/tmp/nets/dump.txt", s).unwrap();
                let mut s = String::new();
                for l in map.lanes.iter().filter(|l| l.kind.is_drivable()) {
                    for e in [&l.left_edge, &l.right_edge] {
                        for p in e {
                            s += &format!("{} {}\n", p.x, p.y);
                        }
                        s += "\n";
                    }
                }
                std::fs::write("/tmp/nets/edges.txt", s).unwrap();
            }
        }
        println!(
            "{file}: bad {bad} of {} detours {detours} refused {refused}, ms p50 {:.1} max {:.1}",
            times.len(),
            common::percentile(&times, 0.5),
            common::percentile(&times, 1.0)
        );
        for w in worst {
            println!("{w}");
        }
    }
}

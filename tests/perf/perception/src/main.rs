//! Perception on recorded scans: milliseconds per scan on one core, what it found, and a picture of it.
//!
//! ```text
//! cargo run --release -p perf-perception -- [--scans FOLDER] [--png FILE] [--repeats 5] [--every-ring N] [--list]
//! ```
//!
//! FOLDER is a KITTI raw drive (`velodyne_points/data/*.bin`) or has its scans as `*.pcd` in it, and `oxts/`.

mod kitti;
mod pcd;
mod picture;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::Parser;
use glam::DVec2;
use msgs::Message;
use msgs::atlasmesh_msgs::msg::TrackedObjects;
use msgs::sensor_msgs::msg::{PointCloud2, PointField};
use perception::PerceptionParams;
use perception::cloud;
use perception::message;
use perception::pipeline::Pipeline;

/// Measures perception on recorded scans.
#[derive(Parser)]
struct Args {
    /// Folder with scans and `oxts/`.
    #[arg(long, default_value = "../shared/data/lidar/kitti_0048")]
    scans: PathBuf,
    /// Draws what was found in one scan into this file (.png or .svg).
    #[arg(long)]
    png: Option<PathBuf>,
    /// Number of the scan that is drawn; the last one by default.
    #[arg(long)]
    frame: Option<usize>,
    /// How often all scans are run through, each time from the beginning.
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// Keeps every n-th ring only, as of a scanner with fewer channels.
    #[arg(long, default_value_t = 1)]
    every_ring: usize,
    /// Prints every object of the last scan.
    #[arg(long)]
    list: bool,
    /// Writes for each scan the heights above ground of its points (f32, little endian) into this folder.
    #[arg(long)]
    heights: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let frames = kitti::frames(&args.scans)?;
    ensure!(!frames.is_empty(), "no scan has a pose");
    let params = PerceptionParams { vehicle: kitti::car(), ..PerceptionParams::default() };
    let mut clouds = vec![];
    for frame in &frames {
        clouds.push(to_message(&thin(pcd::read(&frame.file)?, args.every_ring)));
    }
    let mut times = Times::default();
    let mut pipeline = Pipeline::default();
    let mut histories: BTreeMap<u32, History> = BTreeMap::new();
    let mut trails = picture::Trails::new();
    let drawn = args.frame.unwrap_or(frames.len() - 1);
    let (mut points, mut objects) = (vec![], TrackedObjects::default());
    let (mut detections, mut bytes) = (vec![], vec![]);
    for repeat in 0..args.repeats.max(1) {
        pipeline = Pipeline::default();
        histories.clear();
        trails.clear();
        let mut hash = 0_u64;
        for (index, (frame, cloud)) in frames.iter().zip(&clouds).enumerate() {
            let begin = Instant::now();
            cloud::read(cloud, &params.vehicle, params.range_m as f32, &mut points)?;
            let read = Instant::now();
            pipeline.scan(&points, &frame.pose, frame.stamp, &params);
            let scanned = Instant::now();
            message::fill(&mut objects, pipeline.tracker(), frame.stamp, params.prediction_s);
            let encoded = objects.encode(1 << 16)?;
            times.add([begin, read, scanned, Instant::now()]);
            hash = encoded.iter().fold(hash, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(*b)));
            for track in pipeline.tracker().tracks().iter().filter(|t| t.confirmed) {
                trails.entry(track.id).or_default().push(track.motion.position());
                histories.entry(track.id).or_default().add(track, index);
            }
            if repeat == 0 {
                detections.push(pipeline.detections().list.len());
                if let Some(folder) = &args.heights {
                    write_heights(folder, index, &points, pipeline.detector().heights())?;
                }
            }
            if index == drawn
                && repeat + 1 == args.repeats.max(1)
                && let Some(file) = &args.png
            {
                draw(file, frame, index, &points, &pipeline, &trails, &params)?;
            }
        }
        bytes.push(hash);
    }
    println!("scans             {} of {} to {} points", frames.len(), least(&clouds), most(&clouds));
    times.print();
    println!("same every time   {}", bytes.windows(2).all(|w| w[0] == w[1]));
    println!(
        "detections        {:.0} per scan",
        detections.iter().sum::<usize>() as f64 / frames.len() as f64
    );
    print_tracks(&histories, frames.len());
    if args.list {
        list(&pipeline);
    }
    Ok(())
}

fn least(clouds: &[PointCloud2]) -> u32 {
    clouds.iter().map(|c| c.width).min().unwrap_or(0)
}

fn most(clouds: &[PointCloud2]) -> u32 {
    clouds.iter().map(|c| c.width).max().unwrap_or(0)
}

/// Every n-th ring: KITTI's scans are stored ring by ring, each beginning ahead.
fn thin(points: Vec<pcd::Point>, every: usize) -> Vec<pcd::Point> {
    if every <= 1 {
        return points;
    }
    let (mut ring, mut last) = (0, 0.0);
    let keep = |p: &pcd::Point| {
        let angle = p[1].atan2(p[0]).rem_euclid(std::f32::consts::TAU);
        ring += usize::from(angle + 3.0 < last);
        last = angle;
        ring % every == 0
    };
    points.into_iter().filter(keep).collect()
}

fn to_message(points: &[pcd::Point]) -> PointCloud2 {
    let field = |name: &str, offset| PointField {
        name: name.into(),
        offset,
        datatype: PointField::FLOAT32,
        count: 1,
    };
    let data: Vec<u8> = points.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    let mut cloud = PointCloud2 {
        height: 1,
        width: points.len() as u32,
        fields: vec![field("x", 0), field("y", 4), field("z", 8)],
        point_step: 12,
        row_step: data.len() as u32,
        data: Bytes::from(data),
        ..PointCloud2::default()
    };
    cloud.header.frame_id = "lidar_link".into();
    cloud
}

/// Times of the steps of all scans.
#[derive(Default)]
struct Times {
    parts: [Vec<Duration>; 4],
}

impl Times {
    fn add(&mut self, at: [Instant; 4]) {
        for (part, pair) in self.parts.iter_mut().zip(at.windows(2)) {
            part.push(pair[1] - pair[0]);
        }
        self.parts[3].push(at[3] - at[0]);
    }

    fn print(&mut self) {
        println!("ms per scan          p50     p99     max");
        for (part, name) in self.parts.iter_mut().zip(["read", "perception", "message", "all"]) {
            part.sort();
            let at =
                |share: f64| part[((part.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
            println!("  {name:<12} {:>9.3} {:>7.3} {:>7.3}", at(0.5), at(0.99), at(1.0));
        }
    }
}

/// What became of a track.
#[derive(Default)]
struct History {
    frames: usize,
    first: usize,
    last: usize,
    structure: bool,
    ever_moving: bool,
    speeds: Vec<f64>,
    raw_speeds: Vec<f64>,
    places: Vec<DVec2>,
}

impl History {
    fn add(&mut self, track: &perception::track::Track, frame: usize) {
        if self.frames == 0 {
            self.first = frame;
        }
        (self.frames, self.last) = (self.frames + 1, frame);
        self.structure = track.tile.is_some();
        self.ever_moving |= track.moving;
        self.speeds.push(track.velocity().length());
        self.raw_speeds.push(track.motion.velocity().length());
        self.places.push(track.motion.position());
    }
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len().saturating_sub(1)) as f64 * share).round() as usize).copied().unwrap_or(0.0)
}

fn print_tracks(histories: &BTreeMap<u32, History>, frames: usize) {
    let all: Vec<&History> = histories.values().collect();
    let objects: Vec<&&History> = all.iter().filter(|h| !h.structure).collect();
    let mut lengths: Vec<f64> = objects.iter().map(|h| h.frames as f64).collect();
    println!(
        "tracks            {} objects, {} pieces of structures",
        objects.len(),
        all.len() - objects.len()
    );
    println!(
        "  followed for    p50 {:.0}, max {:.0} of {frames} scans; {} over at least half of them",
        quantile(&mut lengths, 0.5),
        quantile(&mut lengths, 1.0),
        objects.iter().filter(|h| 2 * h.frames >= frames).count()
    );
    println!("  ever moving     {}", objects.iter().filter(|h| h.ever_moving).count());
    let standing = || objects.iter().filter(|h| !h.ever_moving && h.frames >= 5);
    let mut raw: Vec<f64> = standing().flat_map(|h| h.raw_speeds[3..].iter().copied()).collect();
    println!(
        "  standing ones   {}; filter's speed p50 {:.2}, p95 {:.2} m/s (published as 0)",
        standing().count(),
        quantile(&mut raw, 0.5),
        quantile(&mut raw, 0.95)
    );
    for (id, h) in histories.iter().filter(|(_, h)| h.ever_moving) {
        let way = h.places[0].distance(h.places[h.places.len() - 1]);
        let mean = way / ((h.last - h.first).max(1) as f64 * 0.1);
        println!(
            "  moving {id:>5}: scans {:>2}-{:>2}, way {way:>5.1} m, mean {mean:>4.1} m/s, last {:>4.1} m/s",
            h.first,
            h.last,
            h.speeds.last().copied().unwrap_or(0.0)
        );
    }
}

fn list(pipeline: &Pipeline) {
    println!("   id class         x      y  length width height  speed  p(exist)");
    for t in pipeline.tracker().tracks().iter().filter(|t| t.confirmed && t.tile.is_none()) {
        let (rect, class) = (t.rect(pipeline.tracker().sensor()), format!("{:?}", t.class().0));
        println!(
            "{:>5} {class:<10} {:>6.1} {:>6.1} {:>6.2} {:>6.2} {:>5.2} {:>6.2} {:>7.2}",
            t.id,
            rect.center.x,
            rect.center.y,
            rect.length,
            rect.width,
            t.heights[1],
            t.velocity().length(),
            t.existence
        );
    }
}

fn write_heights(
    folder: &std::path::Path,
    index: usize,
    points: &[cloud::Point],
    heights: &[f32],
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let rows = points.iter().zip(heights).flat_map(|(p, h)| [p[0], p[1], p[2], *h]);
    let data: Vec<u8> = rows.flat_map(f32::to_le_bytes).collect();
    std::fs::write(folder.join(format!("{index:04}.bin")), data).context("heights")
}

fn draw(
    file: &std::path::Path,
    frame: &kitti::Frame,
    index: usize,
    points: &[cloud::Point],
    pipeline: &Pipeline,
    trails: &picture::Trails,
    params: &PerceptionParams,
) -> anyhow::Result<()> {
    let view = picture::View { pose: frame.pose, half: DVec2::new(50.0, 25.0) };
    let panels = [
        picture::clusters(&view, points, pipeline, &params.vehicle),
        picture::tracks(&view, points, pipeline, trails, &params.vehicle),
    ];
    let confirmed = pipeline.tracker().tracks().iter().filter(|t| t.confirmed).count();
    let subtitle =
        format!("scan {index}: {} points, {confirmed} objects and pieces of structures", points.len());
    picture::save(file, "Perception, seen from above", &subtitle, panels)
}

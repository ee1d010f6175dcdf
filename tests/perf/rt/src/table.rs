//! The figures side by side.

use crate::measure::Figures;

/// All runs at one rate with or without load.
pub struct Cell {
    pub rate_hz: u32,
    pub loaded: bool,
    pub ours: Vec<Figures>,
    pub cyclictest: Vec<Figures>,
}

impl Cell {
    pub fn new(rate_hz: u32, loaded: bool) -> Self {
        Self { rate_hz, loaded, ours: Vec::new(), cyclictest: Vec::new() }
    }

    pub fn load_name(&self) -> &'static str {
        if self.loaded { "load" } else { "idle" }
    }
}

/// Prints the median of all runs for each figure; and the lowest p99.9 and the highest maximum, because other
/// guests of a virtual machine's host disturb some runs by milliseconds and leave others alone.
pub fn print(cells: &[Cell]) {
    println!("wake-up latency, µs: median of the runs; `quiet`: lowest p99.9, `worst`: highest max of them");
    println!(
        "{:18}{:12}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>6}",
        "", "", "p50", "p99", "p99.9", "max", "quiet", "worst", "skipped", "heap"
    );
    for cell in cells {
        let title = format!("{:5} Hz  {}", cell.rate_hz, cell.load_name());
        let ours = columns(&cell.ours);
        let theirs = columns(&cell.cyclictest);
        let skipped: u64 = cell.ours.iter().map(|figures| figures.skipped).sum();
        let heap_calls: Option<u64> = cell.ours.iter().map(|figures| figures.heap_calls).sum();
        let heap_calls = heap_calls.map_or("?".to_owned(), |calls| calls.to_string());
        println!("{title:18}{:12}{}{skipped:>9}{heap_calls:>6}", "ours", row(&ours, 1));
        println!("{:18}{:12}{}", "", "cyclictest", row(&theirs, 1));
        let ratio: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        println!("{:18}{:12}{}", "", "ratio", row(&ratio, 2));
    }
}

fn columns(runs: &[Figures]) -> Vec<f64> {
    let sorted = |figure: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(figure).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let median = |figure| {
        let values = sorted(figure);
        (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
    };
    vec![
        median(|run| run.p50_us),
        median(|run| run.p99_us),
        median(|run| run.p999_us),
        median(|run| run.max_us),
        sorted(|run| run.p999_us)[0],
        sorted(|run| run.max_us)[runs.len() - 1],
    ]
}

fn row(values: &[f64], digits: usize) -> String {
    values.iter().map(|value| format!("{value:>9.digits$}")).collect()
}

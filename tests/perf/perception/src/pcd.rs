//! Reads point clouds: PCD 0.7 (ascii, binary, binary_compressed) and KITTI's `.bin`.

use std::path::Path;

use anyhow::{Context, bail, ensure};

/// A point: x, y, z in m.
pub type Point = [f32; 3];

/// Most points that a file is believed to have.
const MAX_POINTS: usize = 10_000_000;

/// The points of a file, by the ending of its name.
pub fn read(file: &Path) -> anyhow::Result<Vec<Point>> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let is_bin = file.extension().is_some_and(|e| e == "bin");
    let points = if is_bin { Ok(read_bin(&bytes)) } else { read_pcd(&bytes) };
    points.with_context(|| file.display().to_string())
}

/// KITTI: x, y, z, reflectance, each f32, little endian.
fn read_bin(bytes: &[u8]) -> Vec<Point> {
    bytes.chunks_exact(16).map(|p| [0, 4, 8].map(|at| f32_at(p, at))).collect()
}

fn f32_at(bytes: &[u8], at: usize) -> f32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(f32::NAN, f32::from_le_bytes)
}

#[derive(Default)]
struct Header {
    names: Vec<String>,
    sizes: Vec<usize>,
    counts: Vec<usize>,
    types: Vec<String>,
    points: usize,
}

fn read_pcd(bytes: &[u8]) -> anyhow::Result<Vec<Point>> {
    let mut header = Header::default();
    let mut rest = bytes;
    loop {
        let end = rest.iter().position(|b| *b == b'\n').context("the header has no DATA line")?;
        let line = std::str::from_utf8(&rest[..end]).context("the header is not text")?.trim();
        rest = &rest[end + 1..];
        let mut words = line.split_whitespace();
        let Some(key) = words.next() else { continue };
        let numbers =
            |words: std::str::SplitWhitespace<'_>| words.map(str::parse).collect::<Result<Vec<usize>, _>>();
        match key {
            "FIELDS" => header.names = words.map(Into::into).collect(),
            "SIZE" => header.sizes = numbers(words)?,
            "COUNT" => header.counts = numbers(words)?,
            "TYPE" => header.types = words.map(Into::into).collect(),
            "POINTS" => header.points = words.next().context("POINTS without a number")?.parse()?,
            "DATA" => {
                ensure!(header.points <= MAX_POINTS, "{} points are too many", header.points);
                return match words.next() {
                    Some("ascii") => header.ascii(rest),
                    Some("binary") => header.binary(rest, false),
                    Some("binary_compressed") => header.binary(&decompress(rest)?, true),
                    other => bail!("unknown DATA {other:?}"),
                };
            }
            _ => {}
        }
    }
}

impl Header {
    fn count(&self, field: usize) -> usize {
        self.counts.get(field).copied().unwrap_or(1)
    }

    fn field(&self, name: &str) -> anyhow::Result<usize> {
        let field = self.names.iter().position(|n| n == name).with_context(|| format!("no field {name}"))?;
        let float = self.sizes.get(field) == Some(&4) && self.types.get(field).is_some_and(|t| t == "F");
        ensure!(float, "field {name} is not a float of 4 bytes");
        Ok(field)
    }

    fn ascii(&self, text: &[u8]) -> anyhow::Result<Vec<Point>> {
        let before = |field: usize| (0..field).map(|f| self.count(f)).sum::<usize>();
        let columns = [before(self.field("x")?), before(self.field("y")?), before(self.field("z")?)];
        let text = std::str::from_utf8(text).context("ascii data is not text")?;
        let mut points = vec![];
        for line in text.lines().filter(|l| !l.trim().is_empty()).take(self.points) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| words.get(at).and_then(|w| w.parse().ok()).unwrap_or(f32::NAN);
            points.push(columns.map(number));
        }
        Ok(points)
    }

    /// `by_field`: all x, then all y, …, as in compressed files.
    fn binary(&self, data: &[u8], by_field: bool) -> anyhow::Result<Vec<Point>> {
        let size =
            |field: usize| self.sizes.get(field).copied().unwrap_or(0).saturating_mul(self.count(field));
        let before = |field: usize| (0..field).map(size).sum::<usize>();
        let step = before(self.names.len());
        ensure!(self.points.checked_mul(step).is_some_and(|n| n <= data.len()), "the file is too short");
        let fields = [self.field("x")?, self.field("y")?, self.field("z")?];
        Ok((0..self.points)
            .map(|i| {
                fields.map(|f| {
                    let at =
                        if by_field { before(f) * self.points + i * size(f) } else { i * step + before(f) };
                    f32_at(data, at)
                })
            })
            .collect())
    }
}

/// LZF, as PCL writes it: two sizes, then literal runs and back references.
fn decompress(data: &[u8]) -> anyhow::Result<Vec<u8>> {
    let size = |at: usize| data.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let (Some(packed), Some(full)) = (size(0), size(4)) else { bail!("the sizes are missing") };
    ensure!(full as usize <= MAX_POINTS * 64, "too large");
    let input = data.get(8..8 + packed as usize).context("the file is too short")?;
    let mut out = Vec::with_capacity(full as usize);
    let mut at = 0;
    let mut next = || {
        at += 1;
        input.get(at - 1).copied()
    };
    while let Some(control) = next() {
        let control = usize::from(control);
        if control < 32 {
            for _ in 0..=control {
                out.push(next().context("literals are missing")?);
            }
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            length += usize::from(next().context("a length is missing")?);
        }
        let low = usize::from(next().context("an offset is missing")?);
        let back = ((control & 31) << 8) + low + 1;
        let from = out.len().checked_sub(back).context("a reference leads before the start")?;
        ensure!(out.len() + length + 2 <= full as usize, "more data than announced");
        for i in from..from + length + 2 {
            out.push(out[i]);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str =
        "VERSION 0.7\nFIELDS intensity x y z\nSIZE 1 4 4 4\nTYPE U F F F\nCOUNT 1 1 1 1\nPOINTS 2\n";

    #[test]
    fn the_same_points_in_all_encodings() {
        let expected = vec![[1.0, 2.0, 3.0], [-4.5, 5.0, 0.25]];
        let ascii = format!("{FIELDS}DATA ascii\n7 1 2 3\n8 -4.5 5 0.25\n");
        assert_eq!(read_pcd(ascii.as_bytes()).unwrap(), expected);
        let mut binary = format!("{FIELDS}DATA binary\n").into_bytes();
        for p in &expected {
            binary.push(7);
            p.iter().for_each(|v: &f32| binary.extend(v.to_le_bytes()));
        }
        assert_eq!(read_pcd(&binary).unwrap(), expected);
        binary.pop();
        assert!(read_pcd(&binary).is_err(), "too short");
        let mut columns = vec![7, 8];
        (0..3).for_each(|c| expected.iter().for_each(|p| columns.extend(p[c].to_le_bytes())));
        let mut packed = vec![];
        columns.chunks(32).for_each(|run| {
            packed.push(run.len() as u8 - 1);
            packed.extend(run);
        });
        let mut compressed = format!("{FIELDS}DATA binary_compressed\n").into_bytes();
        compressed.extend((packed.len() as u32).to_le_bytes());
        compressed.extend((columns.len() as u32).to_le_bytes());
        compressed.extend(&packed);
        assert_eq!(read_pcd(&compressed).unwrap(), expected);
    }

    #[test]
    fn back_references_repeat_what_was() {
        // "ab" and then six bytes from two bytes back.
        let packed = [1, b'a', b'b', 4 << 5, 1];
        let mut data = vec![];
        data.extend((packed.len() as u32).to_le_bytes());
        data.extend(8_u32.to_le_bytes());
        data.extend(packed);
        assert_eq!(decompress(&data).unwrap(), b"abababab");
    }
}

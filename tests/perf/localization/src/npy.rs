//! Arrays of NumPy: version 1 to 3 of the format, `<f8`, by rows or by columns, which is all that comma2k19 has.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// A table of numbers.
pub struct Table {
    values: Vec<f64>,
    columns: usize,
}

impl Table {
    /// Reads an array of one or two dimensions.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        Self::parse(&bytes).with_context(|| format!("{} is not as expected", path.display()))
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        ensure!(bytes.len() > 12 && bytes.starts_with(b"\x93NUMPY"), "not an array of NumPy");
        let (header_at, header_len) = match bytes[6] {
            1 => (10, u16::from_le_bytes([bytes[8], bytes[9]]) as usize),
            _ => (12, u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize),
        };
        let header = bytes.get(header_at..header_at + header_len).context("its header is cut off")?;
        let header = std::str::from_utf8(header)?;
        ensure!(header.contains("'<f8'"), "its numbers are not <f8: {header}");
        let by_columns = header.contains("'fortran_order': True");
        let shape = header.split_once('(').and_then(|(_, rest)| rest.split_once(')')).context("no shape")?.0;
        let shape: Vec<usize> = shape
            .split(',')
            .map(str::trim)
            .filter(|s| !s.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let (rows, columns) = match shape[..] {
            [rows] => (rows, 1),
            [rows, columns] => (rows, columns),
            _ => bail!("it has {} dimensions", shape.len()),
        };
        let values: Vec<f64> = bytes[header_at + header_len..]
            .chunks_exact(8)
            .map(|c| f64::from_le_bytes([c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]]))
            .collect();
        ensure!(values.len() == rows * columns && columns > 0, "its size does not fit its shape");
        let values = if by_columns {
            (0..values.len()).map(|i| values[i / columns + (i % columns) * rows]).collect()
        } else {
            values
        };
        Ok(Self { values, columns })
    }

    /// Its rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }
}

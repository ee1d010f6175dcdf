//! The last so many numbers, and their statistics.

use std::collections::VecDeque;

/// The last so many numbers.
pub struct Window {
    values: VecDeque<i64>,
    size: usize,
}

/// Statistics of a window.
pub struct Statistics {
    /// Mean.
    pub mean: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Standard deviation.
    pub std_dev: f64,
    /// How many.
    pub count: usize,
}

impl Window {
    /// An empty one.
    pub fn new(size: usize) -> Self {
        Self { values: VecDeque::new(), size }
    }

    /// Adds a number; the oldest goes if there are too many.
    pub fn push(&mut self, value: i64) {
        self.values.push_back(value);
        if self.values.len() > self.size {
            self.values.pop_front();
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// None if it is empty.
    pub fn statistics(&self) -> Option<Statistics> {
        let count = self.values.len();
        let (min, max) = (*self.values.iter().min()? as f64, *self.values.iter().max()? as f64);
        let mean = self.values.iter().map(|v| *v as f64).sum::<f64>() / count as f64;
        let variance = self.values.iter().map(|v| (*v as f64 - mean).powi(2)).sum::<f64>() / count as f64;
        Some(Statistics { mean, min, max, std_dev: variance.sqrt(), count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_last_ones() {
        let mut window = Window::new(2);
        assert!(window.statistics().is_none());
        [100, 1, 3].into_iter().for_each(|v| window.push(v));
        let s = window.statistics().unwrap();
        assert_eq!((s.mean, s.min, s.max, s.std_dev, s.count), (2.0, 1.0, 3.0, 1.0, 2));
    }
}

//! Optimal assignment by shortest augmenting paths (Jonker, Volgenant, Computing 38, 1987; in the form with
//! potentials, O(n^3)).

/// Solves assignments; keeps its memory.
#[derive(Default)]
pub struct Assignment {
    row_potential: Vec<f64>,
    column_potential: Vec<f64>,
    row_of: Vec<usize>,
    way: Vec<usize>,
    shortest: Vec<f64>,
    done: Vec<bool>,
}

impl Assignment {
    /// Gives each of `rows` one of `columns` (of which there are at least as many) such that the sum of finite costs
    /// is least; calls `result` with each pair.
    pub fn solve(
        &mut self,
        rows: usize,
        columns: usize,
        cost: impl Fn(usize, usize) -> f64,
        mut result: impl FnMut(usize, usize),
    ) {
        debug_assert!(rows <= columns);
        // Index 0 is a helper; rows and columns count from 1.
        let reset = |v: &mut Vec<f64>, n, with| {
            v.clear();
            v.resize(n, with);
        };
        reset(&mut self.row_potential, rows + 1, 0.0);
        reset(&mut self.column_potential, columns + 1, 0.0);
        self.row_of.clear();
        self.row_of.resize(columns + 1, 0);
        self.way.clear();
        self.way.resize(columns + 1, 0);
        for row in 1..=rows {
            self.row_of[0] = row;
            reset(&mut self.shortest, columns + 1, f64::INFINITY);
            self.done.clear();
            self.done.resize(columns + 1, false);
            let mut column = 0;
            while self.row_of[column] != 0 {
                column = self.extend(column, columns, &cost);
            }
            while column != 0 {
                let before = self.way[column];
                self.row_of[column] = self.row_of[before];
                column = before;
            }
        }
        for column in 1..=columns {
            if self.row_of[column] != 0 {
                result(self.row_of[column] - 1, column - 1);
            }
        }
    }

    /// One step of the search for the shortest path to a free column.
    fn extend(&mut self, from: usize, columns: usize, cost: &impl Fn(usize, usize) -> f64) -> usize {
        self.done[from] = true;
        let row = self.row_of[from];
        let (mut delta, mut next) = (f64::INFINITY, 0);
        for column in 1..=columns {
            if self.done[column] {
                continue;
            }
            let reduced = cost(row - 1, column - 1) - self.row_potential[row] - self.column_potential[column];
            if reduced < self.shortest[column] {
                (self.shortest[column], self.way[column]) = (reduced, from);
            }
            if self.shortest[column] < delta {
                (delta, next) = (self.shortest[column], column);
            }
        }
        for column in 0..=columns {
            if self.done[column] {
                self.row_potential[self.row_of[column]] += delta;
                self.column_potential[column] -= delta;
            } else {
                self.shortest[column] -= delta;
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Least cost by trying everything.
    fn least(costs: &[Vec<f64>], row: usize, used: &mut Vec<bool>) -> f64 {
        if row == costs.len() {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..used.len() {
            if !used[column] {
                used[column] = true;
                best = best.min(costs[row][column] + least(costs, row + 1, used));
                used[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn is_as_good_as_trying_everything(rows in 1usize..6, more in 0usize..2, seed in prop::collection::vec(0.0..100.0, 42)) {
            let columns = rows + more;
            let costs: Vec<Vec<f64>> = (0..rows).map(|r| seed[r * columns..(r + 1) * columns].to_vec()).collect();
            let (mut sum, mut taken) = (0.0, vec![false; columns]);
            let mut count = 0;
            Assignment::default().solve(rows, columns, |r, c| costs[r][c], |r, c| {
                sum += costs[r][c];
                assert!(!std::mem::replace(&mut taken[c], true));
                count += 1;
            });
            prop_assert_eq!(count, rows);
            prop_assert!((sum - least(&costs, 0, &mut vec![false; columns])).abs() < 1e-9);
        }
    }
}

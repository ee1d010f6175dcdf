//! Which vehicle gets which trip: the assignment of all waiting trips together that costs least (Kuhn–Munkres).

use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;

use super::{BATTERY_RESERVE, obstacle};
use crate::fleet::Vehicle;
use crate::routing::{Place, RouteSummary, Routing};
use crate::time::Time;
use crate::trips::store::Trip;
use crate::vehicles::live::LiveVehicle;

/// A trip that waits.
pub struct Waiting {
    pub trip_id: String,
    pub area: String,
    pub pickup: Place,
    pub passenger_count: i64,
    pub length_m: f64,
    pub created_at: Time,
}

impl Waiting {
    pub fn of(trip: &Trip) -> Self {
        let route: Option<RouteSummary> = serde_json::from_str(&trip.route).ok();
        Self {
            trip_id: trip.trip_id.clone(),
            area: trip.area.clone(),
            pickup: trip.pickup(),
            passenger_count: trip.passenger_count,
            length_m: route.map_or(0.0, |route| route.length_m),
            created_at: trip.created_at,
        }
    }
}

/// A vehicle that is free.
pub struct Candidate {
    pub vehicle: Vehicle,
    pub live: LiveVehicle,
}

/// A trip with its vehicle.
#[derive(Debug, PartialEq)]
pub struct Pair {
    pub trip_id: String,
    pub vehicle_id: String,
    /// Time that the vehicle needs to the pickup, s.
    pub approach_s: f64,
}

/// Cost of a trip that stays without a vehicle, ms: more than any approach, so that as many as possible get one.
const UNSERVED_MS: i64 = 48 * 3_600_000;

/// Pairs trips and vehicles.
pub fn assign(
    routing: &Routing,
    tenant_id: &str,
    waiting: &[Waiting],
    candidates: &[Candidate],
    now: Time,
) -> Vec<Pair> {
    let approach_s = |trip: &Waiting, candidate: &Candidate| {
        let at = Place { lat: candidate.live.lat, lng: candidate.live.lng };
        let fits = obstacle::of_pair(&candidate.vehicle, &trip.area, trip.passenger_count).is_none();
        let approach =
            fits.then(|| routing.route_in(tenant_id, &trip.area, at, trip.pickup).ok()).flatten()?;
        let left = f64::from(candidate.live.battery_fraction - BATTERY_RESERVE)
            * candidate.vehicle.range_km
            * 1000.0;
        (approach.length_m + trip.length_m <= left).then_some(approach.duration_s)
    };
    let approaches: Vec<Vec<Option<f64>>> = waiting
        .iter()
        .map(|trip| candidates.iter().map(|candidate| approach_s(trip, candidate)).collect())
        .collect();
    pair(
        &approaches,
        &waiting.iter().map(|trip| now.since(trip.created_at).as_secs_f64()).collect::<Vec<_>>(),
    )
    .into_iter()
    .filter_map(|(trip, vehicle)| {
        Some(Pair {
            trip_id: waiting[trip].trip_id.clone(),
            vehicle_id: candidates[vehicle].vehicle.vehicle_id.clone(),
            approach_s: approaches[trip][vehicle]?,
        })
    })
    .collect()
}

/// Row and column of each pair, such that most rows have one and the sum of approaches is least. A row that has waited
/// `waited_s` is worth that much more: nobody waits for ever.
fn pair(approaches_s: &[Vec<Option<f64>>], waited_s: &[f64]) -> Vec<(usize, usize)> {
    let rows = approaches_s.len();
    let columns = approaches_s.first().map_or(0, Vec::len);
    // A column per row besides: that it gets no vehicle.
    let costs = Matrix::from_fn(rows, columns + rows, |(row, column)| {
        let unserved = UNSERVED_MS + (waited_s[row] * 1000.0) as i64;
        match approaches_s[row].get(column) {
            Some(Some(seconds)) => (seconds * 1000.0) as i64,
            Some(None) => 4 * UNSERVED_MS,
            None => unserved,
        }
    });
    let (_, columns_of_rows) = kuhn_munkres_min(&costs);
    columns_of_rows
        .into_iter()
        .enumerate()
        .filter(|(row, column)| approaches_s[*row].get(*column).is_some_and(Option::is_some))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_counts_not_who_comes_first() {
        // Greedy gives the first trip the nearest vehicle, and the second one a far one.
        let approaches = [vec![Some(10.0), Some(20.0)], vec![Some(15.0), Some(500.0)]];
        assert_eq!(pair(&approaches, &[0.0, 0.0]), [(0, 1), (1, 0)]);
    }

    #[test]
    fn as_many_trips_as_possible_get_a_vehicle() {
        let approaches = [vec![Some(10.0), None], vec![Some(1.0), Some(5000.0)], vec![None, None]];
        assert_eq!(pair(&approaches, &[0.0; 3]), [(0, 0), (1, 1)]);
    }

    #[test]
    fn with_too_few_vehicles_who_waits_longest_goes_first() {
        let approaches = [vec![Some(30.0)], vec![Some(10.0)]];
        assert_eq!(pair(&approaches, &[0.0, 0.0]), [(1, 0)]);
        assert_eq!(pair(&approaches, &[600.0, 0.0]), [(0, 0)]);
    }

    #[test]
    fn nothing_to_pair() {
        assert_eq!(pair(&[vec![None]], &[0.0]), []);
    }
}

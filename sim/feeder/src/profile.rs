//! How a light vehicle moves.

use clap::ValueEnum;

/// Kind of vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Moves containers in the yard, 40 km/h.
    YardTractor,
    /// Eight seats, 50 km/h.
    Shuttle,
    /// Four seats, 120 km/h: for trips between cities.
    Robotaxi,
}

impl Profile {
    /// Name of the model in the fleet.
    pub fn model(self) -> &'static str {
        match self {
            Self::YardTractor => "yard-tractor",
            Self::Shuttle => "shuttle",
            Self::Robotaxi => "robotaxi",
        }
    }

    /// Highest speed, m/s.
    pub fn max_speed_mps(self) -> f64 {
        match self {
            Self::YardTractor => 40.0 / 3.6,
            Self::Shuttle => 50.0 / 3.6,
            Self::Robotaxi => 120.0 / 3.6,
        }
    }

    /// Way on a full battery, m.
    pub fn range_m(self) -> f64 {
        match self {
            Self::YardTractor => 120e3,
            Self::Shuttle => 180e3,
            Self::Robotaxi => 450e3,
        }
    }
}

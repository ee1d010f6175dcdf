//! What makes the gate act: one table, from which the gate works and against which `docs/SAFETY.md` is tested.

/// How strongly the gate reacts, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reaction {
    /// Drives on, slowly.
    Slow,
    /// Comfortable stop, -1.5 m/s^2.
    ComfortStop,
    /// Emergency stop, -6 m/s^2.
    EmergencyStop,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CauseRow {
    /// The cause.
    pub cause: Cause,
    /// Its name in messages.
    pub id: &'static str,
    /// What the gate does.
    pub reaction: Reaction,
    /// Whether the stop stays after the cause has gone, until `/safety/reset`.
    pub latches: bool,
    /// Parameter that holds its timeout or limit; empty if there is none.
    pub parameter: &'static str,
    /// What has to be done to drive on.
    pub way_out: &'static str,
}

macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident $id:literal $reaction:ident $latches:literal $parameter:literal $way_out:literal;)*) => {
        /// What makes the gate act. Of causes that appear in the same step the first in this order is the root cause:
        /// what others follow from comes first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Cause { $($(#[$doc])* $cause,)* }

        /// All causes, in their order.
        pub const CAUSES: &[CauseRow] = &[$(CauseRow {
            cause: Cause::$cause,
            id: $id,
            reaction: Reaction::$reaction,
            latches: $latches,
            parameter: $parameter,
            way_out: $way_out,
        },)*];
    };
}

causes! {
    /// `/emergency_stop` was called.
    EmergencyStop "emergency_stop" EmergencyStop true ""
        "find out why the emergency stop was called; then call /safety/reset";
    /// Points where the vehicle is about to drive.
    ObstacleInPath "obstacle_in_path" EmergencyStop false "monitor.reaction_time_s"
        "none needed: drives on by itself when the way is free; clear the way if it does not";
    /// No LiDAR scan.
    LidarTimeout "lidar_timeout" ComfortStop true "timeouts.lidar_ms"
        "restore /sensors/lidar/points (sensor_hal_node, LiDAR); then call /safety/reset";
    /// No pose.
    LocalizationTimeout "localization_timeout" EmergencyStop true "timeouts.localization_ms"
        "restore /localization/odometry (localization_node, its sensors); then call /safety/reset";
    /// The pose moved in a way that the vehicle can't.
    LocalizationJump "localization_jump" EmergencyStop true "limits.position_jump_m"
        "check that the vehicle stands where /localization/odometry says; then call /safety/reset";
    /// The pose may be far off.
    LocalizationUncertain "localization_uncertain" ComfortStop true "limits.position_stddev_stop_m"
        "wait for GNSS or move to open sky by hand until the position is certain again; then call /safety/reset";
    /// The pose is worse than usual.
    LocalizationDegraded "localization_degraded" Slow false "limits.position_stddev_slow_m"
        "none needed: full speed comes back with the accuracy of the position";
    /// No objects.
    PerceptionTimeout "perception_timeout" ComfortStop true "timeouts.perception_ms"
        "restore /perception/objects (perception_node; parameter sensor_lidar_enabled); then call /safety/reset";
    /// No trajectory.
    TrajectoryTimeout "trajectory_timeout" ComfortStop true "timeouts.trajectory_ms"
        "restore /planning/trajectory (planning_node); then call /safety/reset";
    /// No command.
    CommandTimeout "command_timeout" EmergencyStop true "timeouts.command_ms"
        "restore /control/commands (control_node); then call /safety/reset";
    /// A command that makes no sense.
    CommandInvalid "command_invalid" EmergencyStop true ""
        "restart control_node and report what it sent; then call /safety/reset";
    /// A node that matters for safety reports an error.
    DiagnosticError "diagnostic_error" ComfortStop true ""
        "clear the error that /diagnostics_agg names; then call /safety/reset";
    /// Nobody watches the nodes.
    HealthTimeout "health_timeout" ComfortStop true "timeouts.health_ms"
        "restore /diagnostics_agg (health_monitor_node); then call /safety/reset";
    /// A comfortable stop that does not slow the vehicle down.
    StopIneffective "stop_ineffective" EmergencyStop true "limits.stop_check_s"
        "have the brakes checked; then call /safety/reset";
}

impl Cause {
    /// How many there are.
    pub const COUNT: usize = CAUSES.len();

    /// Its row in the table.
    pub fn row(self) -> &'static CauseRow {
        &CAUSES[self as usize]
    }

    /// Its name in messages.
    pub fn id(self) -> &'static str {
        self.row().id
    }
}

/// A set of causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CauseSet(u32);

impl CauseSet {
    /// No cause.
    pub const EMPTY: Self = Self(0);

    /// From its bits, in the order of the table.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits & ((1 << Cause::COUNT) - 1))
    }

    /// Adds a cause if `present`.
    pub fn set(&mut self, cause: Cause, present: bool) {
        self.0 |= u32::from(present) << cause as u32;
    }

    /// Both together.
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is in.
    pub fn contains(self, cause: Cause) -> bool {
        self.0 & (1 << cause as u32) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All of it, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Cause> {
        CAUSES.iter().map(|row| row.cause).filter(move |cause| self.contains(*cause))
    }

    /// The strongest reaction; `None` without causes.
    pub fn reaction(self) -> Option<Reaction> {
        self.iter().map(|cause| cause.row().reaction).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_causes_and_its_ids_differ() {
        for (i, row) in CAUSES.iter().enumerate() {
            assert_eq!(row.cause as usize, i);
            assert_eq!(CAUSES.iter().filter(|r| r.id == row.id).count(), 1);
            assert!(row.id.len() <= 64 && !row.way_out.is_empty());
        }
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let mut set = CauseSet::EMPTY;
        set.set(Cause::LidarTimeout, false);
        assert!(set.is_empty() && set.reaction().is_none());
        set.set(Cause::TrajectoryTimeout, true);
        set.set(Cause::EmergencyStop, true);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Cause::EmergencyStop, Cause::TrajectoryTimeout]);
        assert_eq!(set.reaction(), Some(Reaction::EmergencyStop));
    }
}

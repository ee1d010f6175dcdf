//! Route and trajectory.

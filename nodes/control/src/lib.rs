//! Follows the trajectory: lateral LQR, longitudinal with feed-forward.

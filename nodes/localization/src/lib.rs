//! Where the vehicle is: error-state Kalman filter over IMU, GNSS and wheel odometry.

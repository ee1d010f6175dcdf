//! ROS 2 interface types.

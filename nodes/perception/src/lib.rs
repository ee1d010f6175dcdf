//! Objects from LiDAR: ground, clusters, boxes, tracks.

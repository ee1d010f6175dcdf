"""Prints what CARLA's OpenDRIVE parser makes of a map: waypoints of driving lanes every 0.5 m, and which lane follows which.

Usage: carla_lanes.py FILE.xodr   (needs `pip install carla`; no CARLA server)

`w ROAD SECTION LANE X Y YAW` and `t ROAD SECTION LANE ROAD SECTION LANE`, in OpenDRIVE's axes: CARLA's y points right.
"""

import math
import sys

import carla

with open(sys.argv[1], encoding="utf-8") as file:
    carla_map = carla.Map("map", file.read())


def key(waypoint):
    return f"{waypoint.road_id} {waypoint.section_id} {waypoint.lane_id}"


for waypoint in carla_map.generate_waypoints(0.5):
    place, yaw = waypoint.transform.location, math.radians(waypoint.transform.rotation.yaw)
    print("w", key(waypoint), place.x, -place.y, -yaw)
for before, after in carla_map.get_topology():
    print("t", key(before), key(after))

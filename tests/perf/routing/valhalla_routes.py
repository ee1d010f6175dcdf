"""Builds Valhalla's tiles of an OSM file, and routes what stands on standard input, one query a line: LAT LON LAT LON.

Usage: valhalla_routes.py FILE.osm.pbf   (needs `pip install pyvalhalla`, 3.5 or later)

Prints a line for each query: seconds and metres of the quickest route, metres of the shortest, 1 if that runs over tracks,
microseconds of the first search; `-` where there is none.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import valhalla

with tempfile.TemporaryDirectory() as folder:
    config = valhalla.get_config(tile_extract="", tile_dir=folder, verbose=False)
    config["mjolnir"]["tile_extract"] = ""
    path = Path(folder, "valhalla.json")
    path.write_text(json.dumps(config), encoding="utf-8")
    build = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    subprocess.run([build, "-c", path, sys.argv[1]], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    actor = valhalla.Actor(str(path))

    def route(places, options):
        request = {
            "locations": places,
            "costing": "auto",
            "costing_options": {"auto": options},
            "directions_type": "none",
        }
        try:
            return actor.route(request)["trip"]
        except Exception as error:  # of several types, by version
            print(error, file=sys.stderr)
            return None

    def has_track(trip):
        request = {
            "encoded_polyline": trip["legs"][0]["shape"],
            "shape_match": "edge_walk",
            "costing": "auto",
            "costing_options": {"auto": {"shortest": True}},
            "filters": {"attributes": ["edge.use"], "action": "include"},
        }
        try:
            return any(edge["use"] == "track" for edge in actor.trace_attributes(request)["edges"])
        except Exception as error:  # trips within one edge can't be walked
            print(error, file=sys.stderr)
            return False

    for line in sys.stdin:
        numbers = [float(word) for word in line.split()]
        places = [{"lat": numbers[0], "lon": numbers[1]}, {"lat": numbers[2], "lon": numbers[3]}]
        start = time.perf_counter()
        quickest = route(places, {})
        took = (time.perf_counter() - start) * 1e6
        shortest = route(places, {"shortest": True})
        if quickest is None or shortest is None:
            print("-", flush=True)
            continue
        summary = quickest["summary"]
        metres = shortest["summary"]["length"] * 1e3
        print(summary["time"], summary["length"] * 1e3, metres, int(has_track(shortest)), took, flush=True)

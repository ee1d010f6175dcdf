#!/usr/bin/env python3
"""Reads what tests/rosbags.rs wrote and checks it with `rosbags`, an independent implementation of CDR and RIHS01.

One JSON object per line: type, hash, definition, samples of CDR bytes (hex) and values. Floats are given by their
bits as {"f32": bits} and {"f64": bits}, bytes as {"hex": text}, messages as {"msg": {field: value}}.
Exits with 77 if rosbags is not installed.
"""

import json
import re
import struct
import sys

try:
    from rosbags.interfaces import Nodetype
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore
except ImportError as error:
    print(f"skipped: {error} (pip install rosbags==0.11.9)")
    sys.exit(77)

CHAR = re.compile(r"^\s*char\b", re.MULTILINE)
# Their definitions in rosbags' own Jazzy store have `char`, which rosbags hashes with an id of its own; in ROS 2
# `char` is another word for uint8 (rosidl_parser, rosidl_generator_type_description).
WRONG_IN_ROSBAGS = {"std_msgs/msg/Char", "service_msgs/msg/ServiceEventInfo"}


def parse(name, definition):
    """The type and those it uses, with the member that ROS gives to messages without fields."""
    # rosbags parses messages only; a request or response is one under another name.
    as_message = name.replace("/srv/", "/msg/")
    types = get_types_from_msg(definition, as_message)
    types[name] = types.pop(as_message)
    for constants, fields in types.values():
        if not fields:
            fields.append(("structure_needs_at_least_one_member", (Nodetype.BASE, ("uint8", 0))))
    return types


def is_byte(store, message, field):
    """Whether a field's elements are `byte`: unsigned in ROS 2 (unsigned char, bytes), signed in rosbags."""
    kind, rest = next(d for n, d in store.fielddefs[message.__msgtype__][1] if n == field)
    element = rest[0][1] if kind in (Nodetype.ARRAY, Nodetype.SEQUENCE) else rest
    return element[0] in ("byte", "octet")  # a nested type is a string here, which begins with neither


def difference(store, ours, theirs, path, signed=False):
    """Where two values differ, or None."""
    if isinstance(ours, list):
        if len(ours) != len(theirs):
            return f"{path}: {len(ours)} elements, rosbags has {len(theirs)}"
        found = (difference(store, o, t, f"{path}[{i}]", signed) for i, (o, t) in enumerate(zip(ours, theirs)))
        return next((f for f in found if f), None)
    if isinstance(ours, dict):
        ((kind, value),) = ours.items()
        if kind == "msg":
            found = (
                difference(store, v, getattr(theirs, k), f"{path}.{k}", is_byte(store, theirs, k))
                for k, v in value.items()
            )
            return next((f for f in found if f), None)
        if kind == "f32":
            same = struct.pack("<f", theirs) == struct.pack("<I", value)
        elif kind == "f64":
            same = struct.pack("<d", theirs) == struct.pack("<Q", value)
        else:
            same = theirs.tobytes() == bytes.fromhex(value)
    elif signed:
        same = int(theirs) % 256 == ours
    else:
        same = isinstance(theirs, str) == isinstance(ours, str) and ours == theirs
    return None if same else f"{path}: {ours!r}, rosbags has {theirs!r}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    records = [line for line in lines if "type" in line]
    services = [line for line in lines if "service" in line]
    problems = []

    # Hashes: of our definitions, with `char` spelled as what it is; all of them, without exception.
    plain = get_typestore(Stores.EMPTY)
    # Hashes and CDR: with Jazzy's types as rosbags brings them, and ours where it has none.
    jazzy = get_typestore(Stores.ROS2_JAZZY)
    known = set(jazzy.fielddefs)
    for record in records:
        name, definition = record["type"], record["definition"]
        plain.register(parse(name, CHAR.sub("uint8", definition)))
        jazzy.register({k: v for k, v in parse(name, definition).items() if k not in known})
    differ = set()
    for record in records:
        name = record["type"]
        if plain.hash_rihs01(name) != record["hash"]:
            problems.append(f"{name}: hash is {record['hash']}, rosbags says {plain.hash_rihs01(name)}")
        if name in known and jazzy.hash_rihs01(name) != record["hash"]:
            differ.add(name)
    if differ != WRONG_IN_ROSBAGS:
        problems.append(f"hashes of rosbags' own Jazzy types differ: {sorted(differ)}")

    # A service is hashed as a type of three members; rosbags knows messages only, so it gets it as such.
    for record in services:
        name = record["service"]
        request, response, event = f"{name}_Request", f"{name}_Response", f"{name}_Event"
        one = (Nodetype.NAME, "service_msgs/msg/ServiceEventInfo")
        optional = [(n, (Nodetype.SEQUENCE, ((Nodetype.NAME, t), 1))) for n, t in (("request", request), ("response", response))]
        plain.fielddefs[event] = ([], [("info", one), *optional])
        members = (("request_message", request), ("response_message", response), ("event_message", event))
        plain.fielddefs[name] = ([], [(n, (Nodetype.NAME, t)) for n, t in members])
        if plain.hash_rihs01(name) != record["hash"]:
            problems.append(f"{name}: hash is {record['hash']}, rosbags says {plain.hash_rihs01(name)}")

    samples = 0
    for record in records:
        name = record["type"]
        for sample in record["samples"]:
            samples += 1
            cdr = bytes.fromhex(sample["cdr"])
            try:
                message = jazzy.deserialize_cdr(cdr, name)
                found = difference(jazzy, sample["value"], message, name)
                if not found and bytes(jazzy.serialize_cdr(message, name)) != cdr:
                    found = f"{name}: rosbags writes other bytes than {cdr.hex()}"
            except Exception as error:  # noqa: BLE001 whatever it is, it is a finding
                found = f"{name}: {type(error).__name__}: {error} in {cdr.hex()}"
            if found:
                problems.append(found)
                break

    own = sum(r["type"] in known for r in records)
    print(f"{len(records)} types and {len(services)} services, {own} types with rosbags' own definition, {samples} messages, {len(problems)} problems")
    for problem in problems[:50]:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

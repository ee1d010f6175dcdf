#!/usr/bin/env python3
"""Reads and writes bags with the Python packages `mcap`, `mcap-ros2-support` and `rosbags`.

    check_with_python.py read DIRECTORY    checks the bags that runtime/tests/recording_python.rs has recorded there
    check_with_python.py write DIRECTORY   writes bags of every kind there, for the Rust side to read

Prints counts as `key=value` lines. Exits with 3 where a package is missing, with 1 where something is wrong.
"""

import sys
from pathlib import Path

try:
    from mcap.reader import NonSeekingReader, make_reader
    from mcap.writer import CompressionType, IndexType, Writer
    from mcap_ros2.decoder import DecoderFactory
    from rosbags.highlevel import AnyReader
    from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
    from rosbags.rosbag2 import Reader as Rosbag2Reader
    from rosbags.rosbag2 import StoragePlugin
    from rosbags.rosbag2 import Writer as Rosbag2Writer
    from rosbags.typesys import Stores, get_typestore
except ImportError as error:
    print(f"missing: {error}")
    sys.exit(3)

CLOUD_POINTS = 16
MESSAGES = 200


def check_cloud(cloud):
    assert cloud.header.frame_id == "lidar", cloud.header
    assert (cloud.header.stamp.sec, cloud.header.stamp.nanosec) == (7, 8), cloud.header
    assert (cloud.height, cloud.width, cloud.point_step) == (1, CLOUD_POINTS, 12)
    assert [field.name for field in cloud.fields] == ["x", "y", "z"]
    assert len(cloud.data) == 12 * CLOUD_POINTS


def check_message(topic, message, counts):
    counts[topic] = counts.get(topic, 0) + 1
    if topic == "/chatter":
        assert message.data.startswith("hello "), message.data
    else:
        check_cloud(message)


def with_mcap(path):
    """Reads by index and decodes with the definitions in the file. CRCs are checked."""
    counts = {}
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == "ros2"
        summary = reader.get_summary()
        assert summary.statistics.chunk_count == len(summary.chunk_indexes) > 1
        assert all(index.message_index_offsets for index in summary.chunk_indexes)
        metadata = {record.name: record.metadata for record in reader.iter_metadata()}
        assert "version: 9" in metadata["rosbag2"]["serialized_metadata"]
        last = 0
        for schema, channel, raw, message in reader.iter_decoded_messages():
            assert (schema.encoding, channel.message_encoding) == ("ros2msg", "cdr")
            assert channel.metadata["offered_qos_profiles"].startswith("- history: keep_last\n")
            assert "topic_type_hash" in channel.metadata
            assert raw.log_time >= last
            last = raw.log_time
            check_message(channel.topic, message, counts)
        assert sum(counts.values()) == summary.statistics.message_count
    return counts


def with_rosbags(path):
    """Reads with rosbags, which knows the types, and checks the QoS."""
    counts = {}
    typestore = get_typestore(Stores.ROS2_JAZZY)
    with AnyReader([path], default_typestore=typestore) as reader:
        for connection, _, raw in reader.messages():
            qos = connection.ext.offered_qos_profiles[0]
            assert qos.reliability == QosReliability.RELIABLE and qos.depth == 10, qos
            check_message(connection.topic, typestore.deserialize_cdr(raw, connection.msgtype), counts)
    return counts


def directory_with_rosbags(path):
    with Rosbag2Reader(path) as reader:
        assert reader.message_count == sum(c.msgcount for c in reader.connections)
        assert reader.ros_distro == "jazzy"
        hashes = {c.topic: c.digest for c in reader.connections}
        assert hashes["/chatter"].startswith("RIHS01_"), hashes
    return with_rosbags(path)


def killed(path):
    """Reads what a killed recorder left, up to where the file is cut off."""
    counts = {}
    decoders = {}
    factory = DecoderFactory()
    with path.open("rb") as file:
        reader = NonSeekingReader(file, decoder_factories=[factory])
        try:
            for schema, channel, raw in reader.iter_messages(log_time_order=False):
                decode = decoders.setdefault(channel.id, factory.decoder_for("cdr", schema))
                check_message(channel.topic, decode(raw.data), counts)
        except Exception as error:  # noqa: BLE001 - each version of the package names the end of the file differently
            print(f"killed.mcap ends with {type(error).__name__}: {error}", file=sys.stderr)
    return counts


def read(directory):
    results = {
        "file_mcap": with_mcap(directory / "file.mcap"),
        "file_rosbags": with_rosbags(directory / "file.mcap"),
        "lz4_mcap": with_mcap(directory / "lz4.mcap"),
        "none_mcap": with_mcap(directory / "none.mcap"),
        "directory_mcap": with_mcap(directory / "drive" / "drive_0.mcap"),
        "directory_rosbags": directory_with_rosbags(directory / "drive"),
        "killed_mcap": killed(directory / "killed.mcap"),
        "repaired_mcap": with_mcap(directory / "repaired.mcap"),
        "repaired_rosbags": with_rosbags(directory / "repaired.mcap"),
    }
    for name, counts in results.items():
        print(f"{name}={counts.get('/chatter', 0)},{counts.get('/points', 0)}")


def string_cdr(text):
    data = text.encode() + b"\0"
    return b"\0\1\0\0" + len(data).to_bytes(4, "little") + data


def write_with_mcap(path, **options):
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=1000, **options)
        writer.start(profile="ros2", library="check_with_python")
        schema = writer.register_schema("std_msgs/msg/String", "ros2msg", b"string data\n")
        channels = [writer.register_channel(topic, "cdr", schema) for topic in ("/a", "/b")]
        for i in range(MESSAGES):
            data = string_cdr(f"message number {i}")
            writer.add_message(channels[i % 2], log_time=1000 + i, data=data, publish_time=i, sequence=i)
        writer.finish()


def write_with_rosbags(path, version):
    typestore = get_typestore(Stores.ROS2_JAZZY)
    qos = Qos(
        QosHistory.KEEP_LAST,
        7,
        QosReliability.BEST_EFFORT,
        QosDurability.VOLATILE,
        QosTime(9223372036, 854775807),
        QosTime(9223372036, 854775807),
        QosLiveliness.AUTOMATIC,
        QosTime(9223372036, 854775807),
        False,
    )
    with Rosbag2Writer(path, version=version, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = [
            writer.add_connection(topic, "std_msgs/msg/String", typestore=typestore, offered_qos_profiles=[qos])
            for topic in ("/a", "/b")
        ]
        for i in range(MESSAGES):
            writer.write(connections[i % 2], 1000 + i, string_cdr(f"message number {i}"))


def write(directory):
    kinds = {
        "zstd": {"compression": CompressionType.ZSTD},
        "lz4": {"compression": CompressionType.LZ4},
        "none": {"compression": CompressionType.NONE},
        "no_chunks": {"use_chunking": False},
        "no_index": {"index_types": IndexType.NONE},
        "no_summary": {
            "index_types": IndexType.NONE,
            "repeat_channels": False,
            "repeat_schemas": False,
            "use_statistics": False,
            "use_summary_offsets": False,
        },
        "no_crc": {"enable_crcs": False},
        "data_crc": {"enable_data_crcs": True},
    }
    for name, options in kinds.items():
        write_with_mcap(directory / f"{name}.mcap", **options)
    for version in (8, 9):
        write_with_rosbags(directory / f"rosbag2_v{version}", version)
    print(f"written={len(kinds) + 2}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("read", "write"):
        sys.exit(__doc__)
    {"read": read, "write": write}[sys.argv[1]](Path(sys.argv[2]))

-- What vehicles reported, for the last hours.
CREATE TABLE telemetry (
    tenant_id TEXT NOT NULL,
    vehicle_id TEXT NOT NULL,
    measured_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    lng DOUBLE PRECISION NOT NULL,
    heading_rad REAL NOT NULL,
    speed_mps REAL NOT NULL,
    battery_fraction REAL NOT NULL,
    mode SMALLINT NOT NULL,
    safety_mode SMALLINT NOT NULL,
    trip_id TEXT NOT NULL
);
CREATE INDEX telemetry_by_vehicle ON telemetry (tenant_id, vehicle_id, measured_at);
CREATE INDEX telemetry_by_arrival ON telemetry (received_at);

-- What did not decode: kept for people to look at.
CREATE TABLE dead_letters (
    letter_id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    key TEXT NOT NULL,
    payload BLOB NOT NULL,
    why TEXT NOT NULL
);

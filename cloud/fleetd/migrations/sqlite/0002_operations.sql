CREATE TABLE vehicles (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    vehicle_id TEXT NOT NULL,
    fleet_id TEXT NOT NULL,
    model TEXT NOT NULL,
    -- name of the road graph that it drives on: that of its lane map, or of a road network for light vehicles
    area TEXT NOT NULL,
    seats INTEGER NOT NULL,
    range_km DOUBLE PRECISION NOT NULL,
    in_service BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, vehicle_id)
);

CREATE TABLE trips (
    trip_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    -- created, assigned, en_route_to_pickup, at_pickup, in_progress, completed, cancelled, failed
    status TEXT NOT NULL,
    -- grows with every order to a vehicle; the vehicle ignores older ones
    revision INTEGER NOT NULL,
    -- newest revision that the vehicle has confirmed
    acked_revision INTEGER NOT NULL,
    area TEXT NOT NULL,
    vehicle_id TEXT,
    pickup_lat DOUBLE PRECISION NOT NULL,
    pickup_lng DOUBLE PRECISION NOT NULL,
    destination_lat DOUBLE PRECISION NOT NULL,
    destination_lng DOUBLE PRECISION NOT NULL,
    passenger_count INTEGER NOT NULL,
    -- JSON of routing::RouteSummary from pickup to destination
    route TEXT NOT NULL,
    idempotency_key TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    traceparent TEXT NOT NULL,
    UNIQUE (tenant_id, idempotency_key)
);
CREATE INDEX trips_by_status ON trips (status, created_at);
CREATE INDEX trips_by_vehicle ON trips (tenant_id, vehicle_id, updated_at);

CREATE TABLE trip_transitions (
    trip_id TEXT NOT NULL REFERENCES trips (trip_id),
    ordinal INTEGER NOT NULL,
    status TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    PRIMARY KEY (trip_id, ordinal)
);

-- How far the durable events of each vehicle's spool are stored.
CREATE TABLE event_streams (
    tenant_id TEXT NOT NULL,
    vehicle_id TEXT NOT NULL,
    -- hex
    stream_id TEXT NOT NULL,
    stored_up_to BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, vehicle_id, stream_id)
);

CREATE TABLE blocked_segments (
    tenant_id TEXT NOT NULL,
    segment_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    blocked_by TEXT NOT NULL,
    blocked_at BIGINT NOT NULL,
    -- none: until it is lifted
    until BIGINT,
    PRIMARY KEY (tenant_id, segment_id)
);

-- requested, delivered, confirmed (the vehicle's gate stops it), standing, release_pending, released
CREATE TABLE emergency_stops (
    stop_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    vehicle_id TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    incident_id TEXT NOT NULL,
    traceparent TEXT NOT NULL
);
CREATE INDEX emergency_stops_by_vehicle ON emergency_stops (tenant_id, vehicle_id, requested_at);

-- Evidence of each step of an emergency stop and its release.
CREATE TABLE emergency_stop_steps (
    stop_id TEXT NOT NULL REFERENCES emergency_stops (stop_id),
    ordinal INTEGER NOT NULL,
    step TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (stop_id, ordinal)
);

CREATE TABLE incidents (
    incident_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    -- open, acknowledged, resolved
    status TEXT NOT NULL,
    title TEXT NOT NULL,
    vehicle_id TEXT,
    trip_id TEXT,
    opened_by TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX incidents_by_status ON incidents (tenant_id, status, opened_at);

CREATE TABLE incident_notes (
    incident_id TEXT NOT NULL REFERENCES incidents (incident_id),
    ordinal INTEGER NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (incident_id, ordinal)
);

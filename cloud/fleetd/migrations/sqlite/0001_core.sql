-- Identity: who may do what.
CREATE TABLE tenants (
    tenant_id TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE users (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    -- argon2id in PHC form
    password_hash TEXT NOT NULL,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);

CREATE TABLE tokens (
    -- SHA-256 of the token, hex: who reads the database can't act as the user
    token_hash TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);

-- Every access that changes something or that was refused.
CREATE TABLE audit (
    audit_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    trace_id TEXT NOT NULL
);
CREATE INDEX audit_by_user ON audit (tenant_id, user_id, at);
CREATE INDEX audit_by_outcome ON audit (tenant_id, outcome, at);

-- The outbox: facts, written in the transaction that made them true, read in order by WebSockets and other domains.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    actor TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX events_by_entity ON events (tenant_id, entity, sequence);

// A fleet of any size for measuring the page: its files, the few answers that it needs, and a stream of moving vehicles.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** As the fleet service sends them. */
const FRAME_MS = 200;
const HEARTBEAT_MS = 3000;

export async function serveFleet(dist, size) {
  const fleet = Array.from({ length: size }, (_, index) => vehicle(index));
  const answers = {
    "/api/v1/me": { user_id: "perf", name: "Perf", role: "viewer", permissions: ["view"] },
    "/api/v1/map": { layers: [] },
    "/api/v1/incidents": [],
    "/api/v1/trips": [],
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const json = pathname === "/api/v1/vehicles" ? fleet.map(view) : answers[pathname];
    if (json) return response.setHeader("content-type", "application/json").end(JSON.stringify(json));
    const file = extname(pathname) ? pathname : "/index.html";
    try {
      response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
      response.end(await readFile(join(dist, file)));
    } catch {
      response.writeHead(404).end();
    }
  });
  server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1")
      .update(request.headers["sec-websocket-key"] + WEBSOCKET_GUID)
      .digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: atlasmesh.v1\r\n\r\n`,
    );
    stream(socket, fleet);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => server.closeAllConnections() ?? server.close(),
  };
}

/** Each vehicle reports once a second, a fifth of them in each frame. */
function stream(socket, fleet) {
  const parts = 1000 / FRAME_MS;
  let part = 0;
  const frames = setInterval(() => {
    const reporting = fleet.filter((_, index) => index % parts === part);
    part = (part + 1) % parts;
    reporting.forEach(drive);
    send(socket, { type: "vehicles", vehicles: reporting.map(state) });
  }, FRAME_MS);
  const heartbeats = setInterval(
    () => send(socket, { type: "heartbeat", sequence: 0, at: new Date().toISOString() }),
    HEARTBEAT_MS,
  );
  socket.on("error", () => socket.destroy());
  socket.on("close", () => [frames, heartbeats].forEach(clearInterval));
}

/** A text frame (RFC 6455, 5.2). */
function send(socket, message) {
  const text = Buffer.from(JSON.stringify(message));
  const header = Buffer.alloc(10);
  header[0] = 0x81;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(text.length), 2);
  socket.write(Buffer.concat([header, text]));
}

/** The same fleet in each run: numbers from 0 to 1 by a golden-ratio sequence. */
const spread = (index, step) => (index * step) % 1;

function vehicle(index) {
  return {
    id: `PV-${String(index + 1).padStart(5, "0")}`,
    lat: 24.3 + 0.9 * spread(index, 0.618034),
    lng: 54.3 + 1.2 * spread(index, 0.754878),
    heading_rad: 2 * Math.PI * spread(index, 0.56984),
    speed_mps: 5 + 15 * spread(index, 0.430159),
  };
}

function drive(vehicle) {
  vehicle.heading_rad += 0.02;
  vehicle.lat += (vehicle.speed_mps * Math.sin(vehicle.heading_rad)) / 111_320;
  vehicle.lng += (vehicle.speed_mps * Math.cos(vehicle.heading_rad)) / 101_000;
}

function state({ id, ...motion }) {
  const now = new Date().toISOString();
  return {
    vehicle_id: id,
    measured_at: now,
    received_at: now,
    ...motion,
    mode: "autonomous",
    battery_fraction: 0.8,
    trip_id: null,
    faults: [],
    safety: { mode: "nominal", latched: false, root_cause: "", way_out: "" },
  };
}

function view(vehicle) {
  const registered = {
    vehicle_id: vehicle.id,
    fleet_id: "perf",
    model: "robotaxi",
    area: "perf",
    seats: 4,
    in_service: true,
  };
  return { ...registered, online: true, state: state(vehicle) };
}

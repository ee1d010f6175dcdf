import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Offsets of the services' ports after that of the API. */
const PORTS = [0, 1, 2, 3, 6];
/** A debug build compresses its pages at each start. */
const READY_MS = 180_000;

export interface Account {
  user_id: string;
  password: string;
}

/** A real fleet on this machine, as `atlas up` runs it: the fleet service and light vehicles. */
export class Stack {
  private constructor(
    readonly url: string,
    readonly admin: Account,
    private readonly atlas: ChildProcess,
    private readonly data: string,
  ) {}

  static async start(): Promise<Stack> {
    const port = Number(process.env.STACK_PORT) || (await freePorts());
    const data = await mkdtemp(join(tmpdir(), "control-center-"));
    const options = {
      vehicles: 0,
      light: 20,
      "time-scale": 15,
      port,
      "web-port": await bind(0),
      "link-port": await freeUdpPort(),
      "data-dir": data,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const atlas = spawn(program(), ["up", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    for (const stream of [atlas.stdout, atlas.stderr]) stream.on("data", (text) => (printed += text));
    const url = `http://127.0.0.1:${port}`;
    try {
      const password = await until("the first log-in and vehicles", async () => {
        if (atlas.exitCode !== null) throw new Error(`atlas up ended:\n${printed}`);
        const vehicles = await fetch(`${url}/api/v1/vehicles`).then((response) => response.json());
        const online = vehicles.filter((vehicle: { online: boolean }) => vehicle.online);
        return online.length < options.light
          ? undefined
          : /first log-in: user admin, password (\S+)/.exec(printed)?.[1];
      });
      return new Stack(url, { user_id: "admin", password }, atlas, data);
    } catch (error) {
      atlas.kill("SIGINT");
      throw error;
    }
  }

  /** Kills the fleet service as a crash would; `atlas up` starts it again. */
  async killFleetService(): Promise<void> {
    for (const pid of await readdir("/proc")) {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      if (status.includes("Name:\tfleetd\n") && status.includes(`PPid:\t${this.atlas.pid}\n`)) {
        process.kill(Number(pid), "SIGKILL");
        return;
      }
    }
    throw new Error("there is no fleet service to kill");
  }

  async addUser(role: string): Promise<Account> {
    const account = { user_id: `${role}-${Date.now()}`, password: "correct horse battery" };
    const { token } = await this.call<{ token: string }>("POST", "/api/v1/login", this.admin);
    await this.call("POST", "/api/v1/users", { ...account, role }, token);
    return account;
  }

  /** Asks the API; without a token as the operator of the development profile. */
  async call<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: token ? { authorization: `Bearer ${token}` } : {},
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.atlas.once("exit", resolve));
    this.atlas.kill("SIGINT");
    await ended;
    await rm(this.data, { recursive: true, force: true });
  }
}

function program(): string {
  const target = process.env.CARGO_TARGET_DIR ?? "../../target";
  const places = [process.env.ATLAS, ...["release", "debug"].map((profile) => join(target, profile, "atlas"))];
  const found = places.find((path) => path && existsSync(path));
  if (!found) throw new Error("atlas is missing: cargo build --release -p atlas -p fleetd -p feeder");
  return found;
}

export async function until<T>(what: string, look: () => Promise<T | undefined>, within_ms = READY_MS): Promise<T> {
  const end = Date.now() + within_ms;
  let problem: unknown;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      if (String(error).includes("ended")) throw error;
      problem = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`waited ${within_ms} ms for ${what}`, { cause: problem });
}

async function freePorts(): Promise<number> {
  for (;;) {
    const port = await bind(0);
    if (port === undefined || port > 65_000) continue;
    const taken = await Promise.all(PORTS.map((offset) => bind(port + offset)));
    if (taken.every((port) => port !== undefined)) return port;
  }
}

/** Binds a port for a moment; nothing if it is taken. */
function bind(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(address && typeof address === "object" ? address.port : undefined));
    });
  });
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

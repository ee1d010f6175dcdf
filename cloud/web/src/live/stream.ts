import type { FleetEvent, LiveVehicle } from "../api/types";
import { backoffMs } from "./backoff";

type Frame =
  | { type: "event"; event: FleetEvent }
  | { type: "vehicles"; vehicles: LiveVehicle[] }
  | { type: "heartbeat"; sequence: number; at: string };

export type StreamState = "connecting" | "live" | "lost";

export interface StreamHandlers {
  onVehicles(vehicles: LiveVehicle[]): void;
  onEvent(event: FleetEvent): void;
  onHeartbeat(at: string): void;
  /** It is connected; `resumed` if it goes on where it broke off. */
  onOpen(resumed: boolean): void;
  onState(state: StreamState, retryAt: number | undefined): void;
}

/** The heartbeat comes every 3 s; without any frame for so long the connection is dead. */
const SILENT_MS = 10_000;

/** The one WebSocket of the page: comes back by itself, and resumes after the last event it saw. */
export class Stream {
  private socket: WebSocket | undefined;
  private sequence: number | undefined;
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly handlers: StreamHandlers) {}

  start(): void {
    window.addEventListener("online", this.retryNow);
    this.connect();
  }

  stop(): void {
    window.removeEventListener("online", this.retryNow);
    this.abandon();
  }

  retryNow = (): void => {
    this.failures = 0;
    this.connect();
  };

  private connect(): void {
    this.abandon();
    this.handlers.onState("connecting", undefined);
    const url = new URL("/api/v1/stream", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const resumed = this.sequence !== undefined;
    if (resumed) url.searchParams.set("after", String(this.sequence));
    const socket = new WebSocket(url, "atlasmesh.v1");
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.handlers.onState("live", undefined);
      this.handlers.onOpen(resumed);
    };
    socket.onmessage = (message) => {
      this.watch();
      this.receive(JSON.parse(message.data));
    };
    socket.onclose = () => this.lost();
    this.watch();
  }

  private receive(frame: Frame): void {
    switch (frame.type) {
      case "vehicles":
        this.handlers.onVehicles(frame.vehicles);
        break;
      case "event":
        this.sequence = frame.event.sequence;
        this.handlers.onEvent(frame.event);
        break;
      case "heartbeat":
        this.sequence = frame.sequence;
        this.handlers.onHeartbeat(frame.at);
    }
  }

  private watch(): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.lost(), SILENT_MS);
  }

  private lost(): void {
    this.abandon();
    const wait = backoffMs(this.failures);
    this.failures += 1;
    this.retry = setTimeout(() => this.connect(), wait);
    this.handlers.onState("lost", Date.now() + wait);
  }

  private abandon(): void {
    clearTimeout(this.retry);
    clearTimeout(this.watchdog);
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = undefined;
  }
}

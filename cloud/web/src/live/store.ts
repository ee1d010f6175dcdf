import type { LiveVehicle, VehicleView } from "../api/types";
import { serverClock } from "./clock";
import { type RegisteredVehicle, statusOf, type Vehicle } from "./vehicle";

type Listener = () => void;

/** In a large fleet some vehicle sets off or stops in every frame; lists of thousands need not follow each. */
const LIST_EVERY_MS = 500;

/**
 * All vehicles, outside of React: frames of the stream come faster than a page of thousands can render.
 *
 * A vehicle is replaced when it changes, never altered. Listeners are told once per animation frame, those of one vehicle
 * only when it changed, those of the list only when vehicles or their statuses did.
 */
export class VehicleStore {
  private vehicles = new Map<string, Vehicle>();
  private ids: readonly string[] = [];
  private sorted: readonly Vehicle[] | undefined;
  private changed = new Set<string>();
  private listChanged = false;
  private listToldAt = 0;
  private scheduled = false;
  private ofVehicle = new Map<string, Set<Listener>>();
  private ofList = new Set<Listener>();
  private ofFrame = new Set<Listener>();

  get(id: string): Vehicle | undefined {
    return this.vehicles.get(id);
  }

  all(): Iterable<Vehicle> {
    return this.vehicles.values();
  }

  /** By id; the same array until vehicles come, go, or change their status. */
  list(): readonly Vehicle[] {
    this.sorted ??= this.ids.flatMap((id) => this.vehicles.get(id) ?? []);
    return this.sorted;
  }

  /** Takes over what the service knows of all vehicles. */
  setAll(views: readonly VehicleView[]): void {
    const before = this.vehicles;
    this.vehicles = new Map();
    for (const { online: _, state, ...registered } of views) {
      const live = newer(before.get(registered.vehicle_id)?.live, state ?? undefined);
      this.put(registered, live);
    }
    this.ids = [...this.vehicles.keys()].sort(byNumber.compare);
    for (const id of before.keys()) this.changed.add(id);
    this.listChanged = true;
    this.schedule();
  }

  /** Takes over new states; those of vehicles it does not know are returned. */
  update(states: readonly LiveVehicle[]): LiveVehicle[] {
    const unknown: LiveVehicle[] = [];
    for (const state of states) {
      const known = this.vehicles.get(state.vehicle_id);
      if (!known) unknown.push(state);
      else if (newer(known.live, state) === state) this.put(known.registered, state);
    }
    this.schedule();
    return unknown;
  }

  /** Looks for vehicles that fell silent. */
  tick(): void {
    const now = serverClock.now();
    for (const vehicle of this.vehicles.values()) {
      if (vehicle.live && statusOf(vehicle.live, now) !== vehicle.status) this.put(vehicle.registered, vehicle.live);
    }
    this.schedule();
  }

  subscribeVehicle(id: string, listener: Listener): () => void {
    const listeners = this.ofVehicle.get(id) ?? new Set();
    this.ofVehicle.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.ofVehicle.delete(id);
    };
  }

  subscribeList = (listener: Listener) => subscribe(this.ofList, listener);

  /** Told whenever anything changed, once per animation frame. */
  subscribeFrame = (listener: Listener) => subscribe(this.ofFrame, listener);

  private put(registered: RegisteredVehicle, live: LiveVehicle | undefined): void {
    const id = registered.vehicle_id;
    const status = statusOf(live, serverClock.now());
    if (this.vehicles.get(id)?.status !== status) this.listChanged = true;
    this.vehicles.set(id, { id, registered, live, status });
    this.changed.add(id);
  }

  private schedule(): void {
    if (this.scheduled || (this.changed.size === 0 && !this.listChanged)) return;
    this.scheduled = true;
    // A hidden page has no animation frames, and nothing to show either.
    requestAnimationFrame(() => this.tell());
  }

  private tell(): void {
    this.scheduled = false;
    const changed = this.changed;
    this.changed = new Set();
    for (const id of this.ofVehicle.size < changed.size ? this.ofVehicle.keys() : changed) {
      if (changed.has(id)) for (const listener of this.ofVehicle.get(id) ?? []) listener();
    }
    for (const listener of this.ofFrame) listener();
    this.tellList();
  }

  /** The next frame or second looks again at what came too early. */
  private tellList(): void {
    if (!this.listChanged || Date.now() - this.listToldAt < LIST_EVERY_MS) return;
    this.listChanged = false;
    this.listToldAt = Date.now();
    this.sorted = undefined;
    for (const listener of this.ofList) listener();
  }
}

const byNumber = new Intl.Collator("en", { numeric: true });

function subscribe(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The later one of two states; a vehicle's answers may overtake each other. */
function newer(a: LiveVehicle | undefined, b: LiveVehicle | undefined): LiveVehicle | undefined {
  if (!a || !b) return a ?? b;
  return Date.parse(b.received_at) >= Date.parse(a.received_at) ? b : a;
}

export const vehicleStore = new VehicleStore();

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LiveVehicle, VehicleView } from "../api/types";
import { VehicleStore } from "./store";

const NOW = Date.parse("2026-01-01T00:00:10Z");
let frames: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => frames.push(callback));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function nextFrame(): void {
  for (const frame of frames.splice(0)) frame();
}

function live(id: string, second: number, change: Partial<LiveVehicle> = {}): LiveVehicle {
  const at = new Date(Date.parse("2026-01-01T00:00:00Z") + second * 1000).toISOString();
  return {
    vehicle_id: id,
    measured_at: at,
    received_at: at,
    lat: 24,
    lng: 54,
    heading_rad: 0,
    speed_mps: 10,
    mode: "autonomous",
    battery_fraction: 0.5,
    trip_id: null,
    faults: [],
    safety: { mode: "nominal", latched: false, root_cause: "", way_out: "" },
    ...change,
  };
}

function view(id: string, state: LiveVehicle | null = null): VehicleView {
  return { vehicle_id: id, area: "yard", model: "shuttle", online: state !== null, state };
}

function storeOf(...views: VehicleView[]): VehicleStore {
  const store = new VehicleStore();
  store.setAll(views);
  nextFrame();
  return store;
}

test("only the listeners of changed vehicles are told, once a frame", () => {
  const store = storeOf(view("A", live("A", 9)), view("B", live("B", 9)));
  const [a, b, list] = [vi.fn(), vi.fn(), vi.fn()];
  store.subscribeVehicle("A", a);
  store.subscribeVehicle("B", b);
  store.subscribeList(list);
  store.update([live("A", 9.5)]);
  store.update([live("A", 9.7)]);
  expect(a).not.toHaveBeenCalled();
  nextFrame();
  expect(a).toHaveBeenCalledTimes(1);
  expect(b).not.toHaveBeenCalled();
  // It drives as before.
  expect(list).not.toHaveBeenCalled();
});

test("a stop tells the list too, and the list is by number", () => {
  const store = storeOf(view("V-10"), view("V-9", live("V-9", 9)));
  vi.setSystemTime(NOW + 1000);
  const list = vi.fn();
  store.subscribeList(list);
  const before = store.list();
  expect(before.map(({ id }) => id)).toEqual(["V-9", "V-10"]);
  store.update([
    live("V-9", 9.5, { safety: { mode: "stopped", latched: true, root_cause: "emergency_stop", way_out: "" } }),
  ]);
  nextFrame();
  expect(list).toHaveBeenCalledTimes(1);
  expect(store.list()).not.toBe(before);
  expect(store.get("V-9")?.status).toBe("stopped");
});

test("the list is told twice a second at most, and nothing is lost", () => {
  const store = storeOf(view("A", live("A", 9)));
  const list = vi.fn();
  store.subscribeList(list);
  store.update([live("A", 10, { speed_mps: 0 })]);
  nextFrame();
  expect(list).not.toHaveBeenCalled();
  vi.setSystemTime(NOW + 500);
  store.tick();
  nextFrame();
  expect(list).toHaveBeenCalledTimes(1);
  expect(store.list()[0]?.status).toBe("standing");
});

test("a silent vehicle becomes offline", () => {
  const store = storeOf(view("A", live("A", 9)));
  expect(store.get("A")?.status).toBe("driving");
  vi.setSystemTime(NOW + 5000);
  store.tick();
  expect(store.get("A")?.status).toBe("offline");
});

test("an older state does not replace a newer one", () => {
  const store = storeOf(view("A", live("A", 9)));
  store.update([live("A", 8, { speed_mps: 0 })]);
  expect(store.get("A")?.live?.speed_mps).toBe(10);
  // Nor does a list that was asked for before.
  store.setAll([view("A", live("A", 7, { speed_mps: 0 }))]);
  expect(store.get("A")?.live?.speed_mps).toBe(10);
});

test("states of vehicles that are not registered here are handed back", () => {
  const store = storeOf(view("A"));
  const stranger = live("B", 9);
  expect(store.update([stranger])).toEqual([stranger]);
  expect(store.get("B")).toBeUndefined();
});

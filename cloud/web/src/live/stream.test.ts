import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Stream, type StreamHandlers } from "./stream";

class FakeSocket {
  static all: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  close = vi.fn();

  constructor(readonly url: URL) {
    FakeSocket.all.push(this);
  }
}

const newest = () => FakeSocket.all.at(-1) as FakeSocket;

function started() {
  const handlers = {
    onVehicles: vi.fn(),
    onEvent: vi.fn(),
    onHeartbeat: vi.fn(),
    onOpen: vi.fn(),
    onState: vi.fn(),
  } satisfies StreamHandlers;
  const stream = new Stream(handlers);
  stream.start();
  return { handlers, stream };
}

beforeEach(() => {
  FakeSocket.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("location", { href: "https://fleet.example/" });
  vi.stubGlobal("window", { addEventListener: vi.fn(), removeEventListener: vi.fn() });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("after a break it resumes behind the last event", () => {
  const { handlers } = started();
  expect(newest().url.href).toBe("wss://fleet.example/api/v1/stream");
  newest().onopen?.();
  newest().onmessage?.({ data: JSON.stringify({ type: "event", event: { sequence: 41 } }) });
  newest().onclose?.();
  expect(handlers.onState).toHaveBeenLastCalledWith("lost", expect.any(Number));
  vi.advanceTimersByTime(500);
  expect(FakeSocket.all).toHaveLength(2);
  expect(newest().url.searchParams.get("after")).toBe("41");
  newest().onopen?.();
  expect(handlers.onOpen).toHaveBeenLastCalledWith(true);
});

test("a connection that has gone silent is given up", () => {
  const { handlers } = started();
  const socket = newest();
  socket.onopen?.();
  vi.advanceTimersByTime(9_999);
  socket.onmessage?.({ data: JSON.stringify({ type: "heartbeat", sequence: 1, at: "2026-01-01T00:00:00Z" }) });
  vi.advanceTimersByTime(9_999);
  expect(socket.close).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(socket.close).toHaveBeenCalled();
  expect(handlers.onState).toHaveBeenLastCalledWith("lost", expect.any(Number));
});

test("what an abandoned socket says later is not heard", () => {
  const { stream, handlers } = started();
  const socket = newest();
  stream.stop();
  expect(socket.onmessage).toBeNull();
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.all).toHaveLength(1);
  expect(handlers.onState).toHaveBeenCalledTimes(1);
});

import type { Map as MapLibre } from "maplibre-gl";
import type { Place } from "../api/types";
import type { VehicleStore } from "../live/store";
import { STATUSES, type Vehicle, type VehicleStatus } from "../live/vehicle";
import { mercator } from "./geo";
import { readTokens } from "./style";

export interface Pin extends Place {
  letter: string;
}

export interface OverlayContent {
  /** Vehicles to show; all of them without it. */
  ids?: ReadonlySet<string> | undefined;
  selected?: string | undefined;
  pins?: readonly Pin[] | undefined;
}

/** A vehicle on its way from where it was drawn to where it is. */
interface Motion {
  live: Vehicle["live"];
  status: VehicleStatus;
  fromX: number;
  fromY: number;
  fromHeading: number;
  x: number;
  y: number;
  heading: number;
  startedAt: number;
  duration_ms: number;
}

const TILE = 512;
const LABELS_FROM_ZOOM = 12;
const MOST_LABELS = 150;
const FEW = 30;
const PICK_PX = 20;
/** Drawing may take this share of the time; with very many vehicles it is done less often then. */
const SHARE = 0.3;
const LONGEST_MOTION_MS = 1200;
/** A jump farther than this is no motion. */
const FARTHEST_MOTION = 0.00005;

/**
 * Vehicles as arrows on a canvas over the map.
 *
 * Not a symbol layer of the map: that would cut tiles anew in a worker for each position, and redraw the whole map with them. Here
 * ten thousand arrows are a few milliseconds, they move smoothly between reports, and the map below is drawn only when it moves.
 */
export class VehicleOverlay {
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");
  private motions = new Map<string, Motion>();
  private sprites = new Map<VehicleStatus, HTMLCanvasElement>();
  private content: OverlayContent = {};
  private colours = { text: "", halo: "", accent: "", onAccent: "" };
  private frame = 0;
  private cost_ms = 0;
  private drawnAt = 0;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly map: MapLibre,
    private readonly store: VehicleStore,
    /** Told where the selected vehicle is drawn, so that the map can follow. */
    private readonly onSelectedMoved: (place: Place) => void,
  ) {
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser has no 2D canvas");
    this.context = context;
    this.canvas.className = "vehicle-overlay";
    this.canvas.setAttribute("aria-hidden", "true");
    map.getCanvasContainer().append(this.canvas);
    map.on("render", this.drawNow);
    map.on("resize", this.drawNow);
    this.unsubscribe = store.subscribeFrame(() => this.takeOver());
    this.readColours();
    this.takeOver();
  }

  remove(): void {
    this.unsubscribe();
    cancelAnimationFrame(this.frame);
    this.map.off("render", this.drawNow);
    this.map.off("resize", this.drawNow);
    this.canvas.remove();
  }

  show(content: OverlayContent): void {
    this.content = content;
    this.schedule();
  }

  readColours(): void {
    const token = readTokens();
    this.colours = {
      text: token("text"),
      halo: token("surface"),
      accent: token("accent"),
      onAccent: token("on-accent"),
    };
    for (const status of STATUSES) {
      this.sprites.set(status, arrow(token(`vehicle-${status}`), token("surface"), status === "offline"));
    }
    this.schedule();
  }

  /** The vehicle nearest to a point of the map, px. */
  pick(x: number, y: number): string | undefined {
    let nearest: string | undefined;
    let distance = PICK_PX;
    const now = performance.now();
    const toScreen = this.projection();
    for (const [id, motion] of this.shown()) {
      const [mx, my] = at(motion, now);
      const [px, py] = toScreen(mx, my);
      const away = Math.hypot(px - x, py - y);
      if (away < distance) [nearest, distance] = [id, away];
    }
    return nearest;
  }

  private takeOver(): void {
    const now = performance.now();
    for (const { id, live, status } of this.store.all()) {
      const known = this.motions.get(id);
      if (!live || (known?.live === live && known.status === status)) continue;
      this.motions.set(id, moved(known, live, status, now, this.still.matches));
    }
    for (const id of this.motions.keys()) if (!this.store.get(id)) this.motions.delete(id);
    this.schedule();
  }

  private schedule(): void {
    this.frame ||= requestAnimationFrame(this.animate);
  }

  private animate = (now: number): void => {
    this.frame = 0;
    if (now - this.drawnAt < this.cost_ms / SHARE) this.schedule();
    else this.drawNow();
  };

  private drawNow = (): void => {
    const start = performance.now();
    const moving = this.draw(start);
    this.drawnAt = start;
    this.cost_ms = performance.now() - start;
    if (moving) this.schedule();
  };

  private *shown(): Iterable<[string, Motion]> {
    const { ids } = this.content;
    for (const entry of this.motions) if (!ids || ids.has(entry[0])) yield entry;
  }

  /** From Mercator to px; the map is neither turned nor tilted. */
  private projection(): (x: number, y: number) => [number, number] {
    const { lng, lat } = this.map.getCenter();
    const [centreX, centreY] = mercator(lng, lat);
    const world = TILE * 2 ** this.map.getZoom();
    const { clientWidth, clientHeight } = this.map.getContainer();
    return (x, y) => [(x - centreX) * world + clientWidth / 2, (y - centreY) * world + clientHeight / 2];
  }

  /** Draws everything; true if something is still on its way. */
  private draw(now: number): boolean {
    const { context, canvas } = this;
    const { clientWidth: width, clientHeight: height } = this.map.getContainer();
    const scale = devicePixelRatio;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);

    const toScreen = this.projection();
    const zoom = this.map.getZoom();
    const size = zoom < 9 ? 15 : zoom < 14 ? 20 : 26;
    const drawn: { id: string; x: number; y: number; motion: Motion; heading: number }[] = [];
    let moving = false;
    for (const [id, motion] of this.shown()) {
      const [mx, my, heading] = at(motion, now);
      moving ||= now < motion.startedAt + motion.duration_ms;
      const [x, y] = toScreen(mx, my);
      if (id === this.content.selected) this.onSelectedMoved(fromMercator(mx, my));
      if (x > -size && y > -size && x < width + size && y < height + size) drawn.push({ id, x, y, motion, heading });
    }
    // What needs attention lies on top.
    drawn.sort((a, b) => rank(b.motion.status) - rank(a.motion.status));
    for (const { id, x, y, motion, heading } of drawn) {
      const sprite = this.sprites.get(motion.status);
      if (!sprite) continue;
      if (id === this.content.selected) this.drawRing(x * scale, y * scale, (size / 2 + 5) * scale, scale);
      const cos = Math.cos(heading) * scale;
      const sin = Math.sin(heading) * scale;
      // Math angles grow counter-clockwise, those of the canvas clockwise.
      context.setTransform(cos, -sin, sin, cos, x * scale, y * scale);
      context.drawImage(sprite, -size / 2, -size / 2, size, size);
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this.drawPins(toScreen);
    if (zoom >= LABELS_FROM_ZOOM || drawn.length <= FEW) {
      for (const { id, x, y } of drawn.slice(-MOST_LABELS)) this.drawText(id, x, y + size / 2 + 4);
    }
    return moving;
  }

  private drawRing(x: number, y: number, radius: number, scale: number): void {
    const { context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.lineWidth = 3 * scale;
    context.strokeStyle = this.colours.accent;
    context.stroke();
  }

  private drawPins(toScreen: (x: number, y: number) => [number, number]): void {
    const { context, colours } = this;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const { lat, lng, letter } of this.content.pins ?? []) {
      const [x, y] = toScreen(...mercator(lng, lat));
      context.beginPath();
      context.moveTo(x, y);
      context.arc(x, y - 22, 12, 0.75 * Math.PI, 0.25 * Math.PI);
      context.closePath();
      context.fillStyle = colours.accent;
      context.strokeStyle = colours.halo;
      context.lineWidth = 2;
      context.stroke();
      context.fill();
      context.font = "600 13px Inter, sans-serif";
      context.fillStyle = colours.onAccent;
      context.fillText(letter, x, y - 21);
    }
  }

  private drawText(text: string, x: number, y: number): void {
    const { context, colours } = this;
    context.font = "600 11px Inter, sans-serif";
    context.direction = "ltr";
    context.textAlign = "center";
    context.textBaseline = "top";
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = colours.halo;
    context.strokeText(text, x, y);
    context.fillStyle = colours.text;
    context.fillText(text, x, y);
  }
}

const rank = (status: VehicleStatus) => STATUSES.indexOf(status);

function moved(
  known: Motion | undefined,
  live: NonNullable<Vehicle["live"]>,
  status: VehicleStatus,
  now: number,
  still: boolean,
): Motion {
  const [x, y] = mercator(live.lng, live.lat);
  const heading = live.heading_rad;
  const target = { live, status, x, y, heading, startedAt: now };
  const here = known && at(known, now);
  if (!here || still || Math.hypot(here[0] - x, here[1] - y) > FARTHEST_MOTION) {
    return { ...target, fromX: x, fromY: y, fromHeading: heading, duration_ms: 0 };
  }
  const [fromX, fromY, fromHeading] = here;
  // It arrives when the next report is due.
  const since = known.live ? Date.parse(live.received_at) - Date.parse(known.live.received_at) : 0;
  const standing = fromX === x && fromY === y && fromHeading === heading;
  return { ...target, fromX, fromY, fromHeading, duration_ms: standing ? 0 : Math.min(since, LONGEST_MOTION_MS) };
}

function at(motion: Motion, now: number): [x: number, y: number, heading: number] {
  const { fromX, fromY, fromHeading, x, y, heading, startedAt, duration_ms } = motion;
  const part = duration_ms > 0 ? Math.min(1, Math.max(0, now - startedAt) / duration_ms) : 1;
  if (part === 1) return [x, y, heading];
  const turn = Math.atan2(Math.sin(heading - fromHeading), Math.cos(heading - fromHeading));
  return [fromX + (x - fromX) * part, fromY + (y - fromY) * part, fromHeading + turn * part];
}

function fromMercator(x: number, y: number): Place {
  return { lng: (x - 0.5) * 360, lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI };
}

const SPRITE = 64;

/** An arrow that points along the x axis. */
function arrow(colour: string, halo: string, hollow: boolean): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SPRITE;
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  context.translate(SPRITE / 2, SPRITE / 2);
  context.beginPath();
  context.moveTo(26, 0);
  context.lineTo(-20, 20);
  context.lineTo(-11, 0);
  context.lineTo(-20, -20);
  context.closePath();
  context.lineJoin = "round";
  context.lineWidth = 10;
  context.strokeStyle = halo;
  context.stroke();
  context.fillStyle = hollow ? halo : colour;
  context.fill();
  if (hollow) {
    context.lineWidth = 5;
    context.strokeStyle = colour;
    context.stroke();
  }
  return canvas;
}

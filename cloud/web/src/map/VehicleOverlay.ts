import type { Map as MapLibre } from "maplibre-gl";
import type { Place } from "../api/types";
import type { VehicleStore } from "../live/store";
import { STATUSES, type VehicleStatus } from "../live/vehicle";
import {
  arrowSprite,
  drawLabel,
  drawPin,
  drawRing,
  drawRoute,
  drawTrail,
  type Path,
  readColours,
  type ToScreen,
} from "./drawing";
import { fromMercator, mercator, pathOf } from "./geo";
import { at, isMoving, type Motion, moveTo } from "./motion";
import { readTokens } from "./tokens";

export interface Pin extends Place {
  letter: string;
}

export interface OverlayContent {
  /** Vehicles to show; all of them without it. */
  ids?: ReadonlySet<string> | undefined;
  selected?: string | undefined;
  route?: readonly Place[] | undefined;
  trail?: readonly Place[] | undefined;
  pins?: readonly Pin[] | undefined;
}

interface Drawn {
  id: string;
  x: number;
  y: number;
  heading: number;
  status: VehicleStatus;
}

const TILE = 512;
const LABELS_FROM_ZOOM = 12;
const MOST_LABELS = 150;
const RING_GAP = 5;
const LABEL_WIDTH = 50;
const LABEL_HEIGHT = 14;
const FEW = 30;
const PICK_PX = 20;
/** Drawing may take this share of the time; with very many vehicles it is done less often then. */
const SHARE = 0.3;

/**
 * Vehicles as arrows on a canvas over the map, with the route, the trail and the places of what is selected.
 *
 * Not layers of the map: those would be cut into tiles anew by a worker for each position, and the whole map drawn again
 * with them. Here ten thousand arrows are a few milliseconds, they move smoothly between reports, and the map below is
 * drawn only when it moves.
 */
export class VehicleOverlay {
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly unsubscribe: () => void;
  private motions = new Map<string, Motion>();
  private sprites = new Map<VehicleStatus, HTMLCanvasElement>();
  private spriteSize = 0;
  private colours = readColours();
  private content: OverlayContent = {};
  private route: Path | undefined;
  private trail: Path | undefined;
  private frame = 0;
  private drawnAt = 0;
  private cost_ms = 0;

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
    this.readTheme();
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
    if (content.route !== this.content.route) this.route = content.route && pathOf(content.route);
    if (content.trail !== this.content.trail) this.trail = content.trail && pathOf(content.trail);
    this.content = content;
    this.schedule();
  }

  readTheme(): void {
    this.colours = readColours();
    this.spriteSize = 0;
    this.schedule();
  }

  /** The vehicle nearest to a point of the map, px. */
  pick(x: number, y: number): string | undefined {
    let nearest: string | undefined;
    let distance = PICK_PX;
    for (const drawn of this.place(performance.now(), this.projection(), PICK_PX)) {
      const away = Math.hypot(drawn.x - x, drawn.y - y);
      if (away < distance) [nearest, distance] = [drawn.id, away];
    }
    return nearest;
  }

  private takeOver(): void {
    const now = performance.now();
    for (const { id, live, status } of this.store.all()) {
      const known = this.motions.get(id);
      if (!live || (known?.live === live && known.status === status)) continue;
      this.motions.set(id, moveTo(live, status, known, now, this.still.matches));
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
    this.draw(start);
    this.drawnAt = start;
    this.cost_ms = performance.now() - start;
    for (const motion of this.motions.values()) {
      if (!isMoving(motion, start)) continue;
      this.schedule();
      break;
    }
  };

  /** From Mercator to px; the map is neither turned nor tilted. */
  private projection(): ToScreen {
    const { lng, lat } = this.map.getCenter();
    const [centreX, centreY] = mercator(lng, lat);
    const world = TILE * 2 ** this.map.getZoom();
    const { clientWidth, clientHeight } = this.map.getContainer();
    return (x, y) => [(x - centreX) * world + clientWidth / 2, (y - centreY) * world + clientHeight / 2];
  }

  /** Vehicles that are in view; what needs attention last, so that it lies on top. */
  private place(now: number, toScreen: ToScreen, margin: number): Drawn[] {
    const { clientWidth: width, clientHeight: height } = this.map.getContainer();
    const { ids, selected } = this.content;
    const drawn: Record<VehicleStatus, Drawn[]> = { offline: [], standing: [], driving: [], stopped: [] };
    for (const [id, motion] of this.motions) {
      if (ids && !ids.has(id)) continue;
      const [mx, my, heading] = at(motion, now);
      if (id === selected) this.onSelectedMoved(fromMercator(mx, my));
      const [x, y] = toScreen(mx, my);
      if (x < -margin || y < -margin || x > width + margin || y > height + margin) continue;
      drawn[motion.status].push({ id, x, y, heading, status: motion.status });
    }
    return Object.values(drawn).flat();
  }

  private draw(now: number): void {
    const { context, colours } = this;
    const scale = this.fitCanvas();
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const toScreen = this.projection();
    if (this.route) drawRoute(context, this.route, toScreen, colours);
    if (this.trail) drawTrail(context, this.trail, toScreen, colours);
    this.drawVehicles(now, toScreen, scale);
    for (const { lat, lng, letter } of this.content.pins ?? []) {
      const [x, y] = toScreen(...mercator(lng, lat));
      drawPin(context, letter, x, y, colours);
    }
  }

  private drawVehicles(now: number, toScreen: ToScreen, scale: number): void {
    const { context, colours } = this;
    const zoom = this.map.getZoom();
    const size = zoom < 9 ? 15 : zoom < 14 ? 20 : 26;
    const drawn = this.place(now, toScreen, size);
    const selected = drawn.find(({ id }) => id === this.content.selected);
    if (selected) drawRing(context, selected.x, selected.y, size / 2 + RING_GAP, colours.accent);
    const spriteSize = Math.round(size * scale);
    this.makeSprites(spriteSize);
    for (const { x, y, heading, status } of drawn) {
      const sprite = this.sprites.get(status);
      if (!sprite) continue;
      // Headings grow counter-clockwise, angles of the canvas clockwise.
      const [cos, sin] = [Math.cos(heading), Math.sin(heading)];
      context.setTransform(cos, -sin, sin, cos, x * scale, y * scale);
      context.drawImage(sprite, -spriteSize / 2, -spriteSize / 2);
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    if (zoom < LABELS_FROM_ZOOM && drawn.length > FEW) return;
    for (const { id, x, y } of labelled(drawn, this.content.selected)) {
      const gap = id === this.content.selected ? RING_GAP + 5 : 4;
      drawLabel(context, id, x, y + size / 2 + gap, colours);
    }
  }

  private makeSprites(size: number): void {
    if (size === this.spriteSize) return;
    this.spriteSize = size;
    const token = readTokens();
    for (const status of STATUSES) {
      const sprite = arrowSprite(token(`vehicle-${status}`), this.colours.halo, status === "offline", size);
      this.sprites.set(status, sprite);
    }
  }

  /** Makes the canvas as large as the map; returns px of the screen in one of the page. */
  private fitCanvas(): number {
    const { canvas } = this;
    const { clientWidth, clientHeight } = this.map.getContainer();
    const scale = devicePixelRatio;
    const [width, height] = [Math.round(clientWidth * scale), Math.round(clientHeight * scale)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    return scale;
  }
}

/** Those whose labels do not lie on each other; the selected one and what needs attention come first. */
function labelled(drawn: readonly Drawn[], selected: string | undefined): Drawn[] {
  const byImportance = drawn.slice(-MOST_LABELS).reverse();
  const first = drawn.filter(({ id }) => id === selected);
  const shown: Drawn[] = [];
  for (const candidate of [...first, ...byImportance]) {
    const { x, y } = candidate;
    if (shown.every((other) => Math.abs(other.x - x) > LABEL_WIDTH || Math.abs(other.y - y) > LABEL_HEIGHT)) {
      shown.push(candidate);
    }
  }
  return shown;
}

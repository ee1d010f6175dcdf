import { readTokens } from "./tokens";

/** Colours of what is drawn over the map. */
export function readColours() {
  const token = readTokens();
  return {
    text: token("text"),
    halo: token("surface"),
    accent: token("accent"),
    onAccent: token("on-accent"),
    trail: token("vehicle-standing"),
  };
}

export type Colours = ReturnType<typeof readColours>;
export type ToScreen = (x: number, y: number) => [x: number, y: number];

const TRAIL_PARTS = 12;

/** An arrow that points along the x axis, `size` px of the screen wide, so that drawing it need not scale. */
export function arrowSprite(colour: string, halo: string, hollow: boolean, size: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  const unit = size / 64;
  context.setTransform(unit, 0, 0, unit, size / 2, size / 2);
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

export function drawRing(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: string,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.lineWidth = 3;
  context.strokeStyle = colour;
  context.stroke();
}

export function drawRoute(context: CanvasRenderingContext2D, path: Path, toScreen: ToScreen, colours: Colours): void {
  trace(context, path, 0, path.length / 2, toScreen);
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = 8;
  context.strokeStyle = colours.halo;
  context.globalAlpha = 0.8;
  context.stroke();
  context.globalAlpha = 1;
  context.lineWidth = 4;
  context.strokeStyle = colours.accent;
  context.stroke();
}

/** Fades with age. */
export function drawTrail(context: CanvasRenderingContext2D, path: Path, toScreen: ToScreen, colours: Colours): void {
  const points = path.length / 2;
  context.lineCap = "butt";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = colours.trail;
  for (let part = 0; part < TRAIL_PARTS; part++) {
    const [from, to] = [part, part + 1].map((edge) => Math.floor((edge * (points - 1)) / TRAIL_PARTS));
    trace(context, path, from ?? 0, (to ?? 0) + 1, toScreen);
    context.globalAlpha = (part + 1) / TRAIL_PARTS;
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Mercator, x and y in turn. */
export type Path = Float64Array;

function trace(context: CanvasRenderingContext2D, path: Path, from: number, to: number, toScreen: ToScreen): void {
  context.beginPath();
  for (let point = from; point < to; point++) {
    const [x, y] = toScreen(path[2 * point] ?? 0, path[2 * point + 1] ?? 0);
    context.lineTo(x, y);
  }
}

export function drawPin(
  context: CanvasRenderingContext2D,
  letter: string,
  x: number,
  y: number,
  colours: Colours,
): void {
  context.beginPath();
  context.moveTo(x, y);
  context.arc(x, y - 22, 12, 0.75 * Math.PI, 0.25 * Math.PI);
  context.closePath();
  context.fillStyle = colours.accent;
  context.strokeStyle = colours.halo;
  context.lineWidth = 3;
  context.stroke();
  context.fill();
  context.font = "600 13px Inter, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colours.onAccent;
  context.fillText(letter, x, y - 21);
}

export function drawLabel(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  colours: Colours,
): void {
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

// Measures the live map with many vehicles that report at 1 Hz, in headless Chromium without a graphics card:
// npm run build && npm run perf -- --vehicles 1500,10000 --seconds 30
import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { serveFleet } from "./fleet.mjs";

const { values } = parseArgs({
  options: {
    vehicles: { type: "string", default: "1500,10000" },
    seconds: { type: "string", default: "30" },
  },
});
const seconds = Number(values.seconds);
const SETTLE_MS = 5000;

console.log("vehicles  frames/s  longest frame ms  main thread ms/s  heap MB");
for (const size of values.vehicles.split(",").map(Number)) {
  const { frames, longest_ms, main_ms, heap_mb } = await measure(size);
  const columns = [
    size,
    (frames / seconds).toFixed(1),
    longest_ms.toFixed(0),
    (main_ms / seconds).toFixed(0),
    heap_mb.toFixed(0),
  ];
  console.log(columns.map((value, index) => String(value).padStart([8, 8, 16, 16, 7][index])).join("  "));
}

async function measure(size) {
  const fleet = await serveFleet("dist", size);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(fleet.url);
    await page.getByRole("row").first().waitFor();
    await page.locator(".vehicle-overlay").waitFor();
    await page.waitForTimeout(SETTLE_MS);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable");
    const before = await metrics(devtools);
    const frames = await page.evaluate(countFrames, seconds * 1000);
    const after = await metrics(devtools);
    await devtools.send("HeapProfiler.collectGarbage");
    const { JSHeapUsedSize } = await metrics(devtools);
    return {
      ...frames,
      main_ms: (after.TaskDuration - before.TaskDuration) * 1000,
      heap_mb: JSHeapUsedSize / 1e6,
    };
  } finally {
    await browser.close();
    fleet.close();
  }
}

async function metrics(devtools) {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/** Runs in the page. */
function countFrames(duration_ms) {
  return new Promise((resolve) => {
    const start = performance.now();
    let frames = 0;
    let longest_ms = 0;
    let last = start;
    const frame = (now) => {
      frames += 1;
      longest_ms = Math.max(longest_ms, now - last);
      last = now;
      if (now - start < duration_ms) requestAnimationFrame(frame);
      else resolve({ frames, longest_ms });
    };
    requestAnimationFrame(frame);
  });
}

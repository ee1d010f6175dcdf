import { expect, goTo, test } from "./fixture";
import { until } from "./stack";

test("when the fleet service restarts the page says so, comes back and misses nothing", async ({ page, stack }) => {
  await goTo(page, "/trips");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await stack.killFleetService();
  await expect(page.getByText(/No connection \(lost/)).toBeVisible();

  // Happens before the page is back.
  const { trip_id } = await until("the fleet service to take an order", () =>
    stack.call<{ trip_id: string }>("POST", "/api/v1/trips", {
      pickup: { lat: 24.454, lng: 54.418 },
      destination: { lat: 24.429, lng: 54.448 },
    }),
  );
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/No connection \(lost/)).toHaveCount(0);
  await expect(page.getByRole("link", { name: trip_id })).toBeVisible();
});

test("vehicles of a lost connection are shown as offline, with their age", async ({ page, context }) => {
  await goTo(page, "/vehicles/LV-001");
  await expect(page.locator("h1")).not.toContainText("Offline");
  await context.setOffline(true);
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await page.routeWebSocket(/stream/, (socket) => socket.close());
  await expect(page.locator("h1")).toContainText("Offline", { timeout: 30_000 });
  await expect(page.locator("dd").getByText(/\d+ sec ago/)).toBeVisible();
});

import { DESTINATION, expect, goTo, PICKUP, test } from "./fixture";

test("a trip is ordered, driven and completed", async ({ page }) => {
  await goTo(page, "/");
  await page.getByRole("link", { name: "Order a trip" }).click();
  await page.getByRole("combobox", { name: /Pickup/ }).fill(PICKUP);
  await page.getByRole("combobox", { name: /Destination/ }).fill(DESTINATION);
  await expect(page.getByText("Driving time")).toBeVisible();
  await page.getByRole("button", { name: "Order trip" }).click();

  await expect(page).toHaveURL(/\/trips\/trip_/);
  const timeline = page.getByRole("list", { name: "Timeline" });
  for (const step of [
    "Waiting for a vehicle",
    "Assigned",
    "On the way to pickup",
    "At pickup",
    "Under way",
    "Completed",
  ]) {
    await expect(timeline.getByText(step)).toBeVisible({ timeout: 150_000 });
  }
  await expect(page.getByRole("button", { name: "Cancel trip" })).toHaveCount(0);
});

test("places are chosen by clicking on the map", async ({ page, stack }) => {
  await goTo(page, "/?order");
  const map = page.locator(".map-canvas canvas.maplibregl-canvas");
  await expect(map).toBeVisible();
  // The vehicles drive on roads: the middle of the map over one of them is a place on a road.
  const vehicles = await stack.call<{ vehicle_id: string }[]>("GET", "/api/v1/vehicles");
  expect(vehicles.length).toBeGreaterThan(0);
  await map.click({ position: { x: 300, y: 300 } });
  await expect(page.getByRole("combobox", { name: /Pickup/ })).toHaveValue(/^\d+\.\d{5}, \d+\.\d{5}$/);
  await map.click({ position: { x: 340, y: 330 } });
  await expect(page.getByRole("combobox", { name: /Destination/ })).toHaveValue(/^\d+\.\d{5}, \d+\.\d{5}$/);
});

test("what the service refuses is said at the field", async ({ page }) => {
  await goTo(page, "/?order");
  await page.getByRole("combobox", { name: /Pickup/ }).fill(PICKUP);
  await page.getByRole("combobox", { name: /Destination/ }).fill("10, 10");
  await expect(page.getByText(/outside of every service area/)).toBeVisible();
  await expect(page.getByRole("combobox", { name: /Destination/ })).toHaveAttribute("aria-invalid", "true");
});

test("an empty order names what is missing", async ({ page }) => {
  await goTo(page, "/?order");
  await page.getByRole("button", { name: "Order trip" }).click();
  await expect(page.getByText("A place is needed here.")).toHaveCount(2);
});

test("a trip is cancelled with a reason", async ({ page, stack }) => {
  const { trip_id } = await stack.call<{ trip_id: string }>("POST", "/api/v1/trips", {
    pickup: { lat: 24.454, lng: 54.418 },
    destination: { lat: 25.2048, lng: 55.2708 },
  });
  await goTo(page, `/trips/${trip_id}`);
  await page.getByRole("button", { name: "Cancel trip" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Reason").fill("the guest does not come");
  await dialog.getByRole("button", { name: "Cancel trip" }).click();
  const timeline = page.getByRole("list", { name: "Timeline" });
  await expect(timeline.getByText("Cancelled")).toBeVisible();
  await expect(timeline.getByText("the guest does not come")).toBeVisible();
});

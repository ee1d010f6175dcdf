import { expect, goTo, test } from "./fixture";

test.use({ language: "ar" });

test("Arabic runs from right to left, with everything mirrored", async ({ page }) => {
  await goTo(page, "/");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.locator("html")).toHaveAttribute("lang", "ar");
  const nav = await page.getByRole("navigation").boundingBox();
  const list = await page.locator(".live-list").boundingBox();
  const map = await page.locator(".live-map").boundingBox();
  expect(nav?.x).toBeGreaterThan(1300);
  expect(list?.x).toBeGreaterThan(map?.x ?? 0);
  await page.getByRole("row", { name: "LV-001" }).click();
  const panel = await page.locator(".panel").boundingBox();
  expect(panel?.x).toBe(0);
});

test("no page is wider than the window, in either language", async ({ page }) => {
  for (const path of ["/", "/trips", "/vehicles", "/vehicles/LV-001", "/incidents"]) {
    for (const width of [360, 1440]) {
      await page.setViewportSize({ width, height: 740 });
      await goTo(page, path);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `${path} at ${width}`).toBeLessThanOrEqual(0);
    }
  }
});

test("the language is switched without losing the place", async ({ page }) => {
  await goTo(page, "/vehicles/LV-001");
  await page.getByRole("button", { name: "قائمة المستخدم" }).click();
  await page.getByRole("menuitem", { name: "English" }).click();
  await expect(page.locator("html")).toHaveAttribute("dir", "ltr");
  await expect(page).toHaveURL(/LV-001/);
  await expect(page.getByRole("heading", { name: "Diagnostics" })).toBeVisible();
});

import { expect, goTo, test } from "./fixture";

const PAGES = {
  live: "/",
  trips: "/trips?status=failed",
  incidents: "/incidents?status=resolved",
  order: "/?order",
};

for (const [language, theme, width] of [
  ["en", "light", 1440],
  ["ar", "dark", 1440],
  ["en", "dark", 360],
] as const) {
  test.describe(`${language}, ${theme}, ${width}`, () => {
    test.use({ language, theme });

    for (const [name, path] of Object.entries(PAGES)) {
      test(`${name} looks as before`, async ({ page }) => {
        await page.setViewportSize({ width, height: 800 });
        await goTo(page, path);
        await expect(page).toHaveScreenshot(`${name}-${language}-${theme}-${width}.png`, {
          // What moves.
          mask: [
            page.locator(".map"),
            page.locator(".row-detail"),
            page.locator(".vehicle-status"),
            page.locator(".chip-count"),
            page.locator(".nav-count"),
          ],
        });
      });
    }
  });
}

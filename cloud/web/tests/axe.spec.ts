import AxeBuilder from "@axe-core/playwright";
import { expect, goTo, test } from "./fixture";

const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

for (const language of ["en", "ar"] as const) {
  for (const theme of ["light", "dark"] as const) {
    test.describe(`${language}, ${theme}`, () => {
      test.use({ language, theme });

      test("no page has a violation", async ({ page, stack }) => {
        test.setTimeout(300_000);
        const { trip_id } = await stack.call<{ trip_id: string }>("POST", "/api/v1/trips", {
          pickup: { lat: 24.454, lng: 54.418 },
          destination: { lat: 24.429, lng: 54.448 },
        });
        const { incident_id } = await stack.call<{ incident_id: string }>(
          "POST",
          "/api/v1/vehicles/LV-010/emergency-stop",
          { reason: "road_hazard" },
        );
        const paths = [
          "/",
          "/?vehicle=LV-010",
          "/?order",
          "/trips",
          `/trips/${trip_id}`,
          "/vehicles",
          "/vehicles/LV-010",
          "/incidents",
          `/incidents/${incident_id}`,
          "/login",
          "/nowhere",
        ];
        for (const path of paths) {
          await goTo(page, path);
          expect.soft(await violations(page), path).toEqual([]);
        }
        await goTo(page, "/vehicles/LV-001");
        await page.locator(".estop").click();
        await page.getByRole("alertdialog").waitFor();
        expect.soft(await violations(page), "emergency stop").toEqual([]);
        await page.keyboard.press("Escape");
        await page.keyboard.press("Control+k");
        await page.getByRole("dialog").waitFor();
        expect.soft(await violations(page), "command palette").toEqual([]);
      });
    });
  }
}

async function violations(page: import("@playwright/test").Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(STANDARDS).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
  );
}

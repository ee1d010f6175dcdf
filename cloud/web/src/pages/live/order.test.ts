import { expect, test } from "vitest";
import { ProblemError } from "../../api/request";
import { fieldOf } from "./order";

const problem = (detail: string) =>
  new ProblemError({ type: "urn:atlasmesh:problem:x", title: "x", status: 422, detail, trace_id: "" });

test("a refusal is shown at the field that it is about", () => {
  expect(fieldOf(problem("outside of every service area: start: no road within 500 m"))).toBe("pickup");
  expect(fieldOf(problem("goal: all roads within 500 m are blocked"))).toBe("destination");
  const twoAreas = "outside of every service area: start: no road near; goal: no road near";
  expect(fieldOf(problem(twoAreas))).toBe("destination");
  expect(fieldOf(problem("passenger_count: 1 to 200"))).toBe("passengers");
  expect(fieldOf(problem("no road leads there"))).toBeUndefined();
  expect(fieldOf(new Error("start"))).toBeUndefined();
  expect(fieldOf(null)).toBeUndefined();
});

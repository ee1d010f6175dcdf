import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import uPlot from "uplot";
import { useTheme } from "../app/theme";
import { useFormat } from "../i18n/useFormat";
import "uplot/dist/uPlot.min.css";
import "./plot.css";

interface Props {
  label: string;
  /** s since the epoch. */
  times: number[];
  values: number[];
  write(value: number): string;
  /** End of the scale, where it is known. */
  top?: number | undefined;
}

const HEIGHT = 180;
/** Whole numbers between the lines of the grid. */
const STEPS = [1, 2, 5, 10, 20, 25, 50, 100];
/** Longer without a report is a gap in the line, s. */
const GAP = 15;

/** One series over time; time runs from left to right in every language. */
export function Plot({ label, times, values, write, top }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const theme = useTheme();
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);

  useEffect(() => {
    const target = element.current;
    if (!target) return;
    void theme;
    const style = getComputedStyle(target);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const font = `${style.fontSize} ${style.fontFamily}`;
    const axis = { stroke: colour("--text-muted"), font, ticks: { show: false } };
    plot.current = new uPlot(
      {
        width: target.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false },
        scales: { y: { range: (_, __, max) => [0, top ?? Math.max(10, max * 1.1)] } },
        axes: [
          {
            ...axis,
            grid: { show: false },
            space: 90,
            size: 30,
            values: (_, splits) => splits.map((at) => format.time(at * 1000)),
          },
          {
            ...axis,
            grid: { stroke: colour("--border"), width: 1 },
            size: 78,
            incrs: STEPS,
            values: (_, splits) => splits.map((value) => isolated(write(value))),
          },
        ],
        series: [
          {},
          { stroke: colour("--accent"), width: 1.75, fill: colour("--accent-soft"), points: { show: false } },
        ],
      },
      [[], []],
      target,
    );
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: target.clientWidth, height: HEIGHT }));
    observer.observe(target);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [theme, format, write, top]);

  useEffect(() => {
    plot.current?.setData(withGaps(times, values));
  });

  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const summary = t("plot.summary", { least: write(least), most: write(most), last: write(values.at(-1) ?? 0) });
  return (
    <figure className="plot">
      <div ref={element} dir="ltr" role="img" aria-label={`${label}: ${summary}`} />
      <figcaption className="muted">{summary}</figcaption>
    </figure>
  );
}

/** In its own direction: the plot runs from left to right, Arabic units do not. */
function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

/** Breaks the line where reports are missing. */
export function withGaps(times: number[], values: number[]): [number[], (number | null)[]] {
  const [x, y]: [number[], (number | null)[]] = [[], []];
  times.forEach((at, index) => {
    const before = times[index - 1];
    if (before !== undefined && at - before > GAP) {
      x.push(before + 1);
      y.push(null);
    }
    x.push(at);
    y.push(values[index] ?? null);
  });
  return [x, y];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Numbers with their units and times in the user's zone, as a language writes them. */
export function createFormat(locale: string, timeZone?: string) {
  const unit = (unit: string, digits = 0, unitDisplay: "short" | "narrow" | "long" = "short") =>
    new Intl.NumberFormat(locale, {
      style: "unit",
      unit,
      unitDisplay,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: "percent" });
  const kmh = unit("kilometer-per-hour");
  const metres = unit("meter");
  const kilometres = unit("kilometer", 1);
  const seconds = unit("second");
  const minutes = unit("minute");
  const hours = unit("hour");
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "medium", hourCycle: "h23", timeZone });
  const dateTime = new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZone,
  });
  const precise = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
    timeZone,
  });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long", hourCycle: "h23", timeZone });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" });
  const list = new Intl.ListFormat(locale, { type: "conjunction" });

  return {
    number: (value: number) => number.format(value),
    list: (items: string[]) => list.format(items),
    /** Of a fraction, 0 to 1. */
    percent: (fraction: number) => percent.format(fraction),
    speed: (mps: number) => kmh.format(Math.abs(mps) * 3.6),
    distance: (m: number) => (m < 1000 ? metres.format(m) : kilometres.format(m / 1000)),
    duration(s: number): string {
      if (s < 60) return seconds.format(s);
      const total = Math.round(s / 60);
      if (total < 60) return minutes.format(total);
      const rest = total % 60;
      const whole = hours.format(Math.floor(total / 60));
      return rest === 0 ? whole : `${whole} ${minutes.format(rest)}`;
    },
    time: (at: string | number) => time.format(new Date(at)),
    dateTime: (at: string | number) => dateTime.format(new Date(at)),
    /** To the millisecond, for what is measured in them. */
    precise: (at: string | number) => precise.format(new Date(at)),
    full: (at: string | number) => full.format(new Date(at)),
    /** How long ago, in the largest unit that fits. */
    ago(ms: number): string {
      if (ms < MINUTE) return relative.format(-Math.round(ms / SECOND), "second");
      if (ms < HOUR) return relative.format(-Math.floor(ms / MINUTE), "minute");
      if (ms < DAY) return relative.format(-Math.floor(ms / HOUR), "hour");
      return relative.format(-Math.floor(ms / DAY), "day");
    },
    /** Latitude and longitude, as they are typed. */
    place: ({ lat, lng }: { lat: number; lng: number }) => `${lat.toFixed(5)}, ${lng.toFixed(5)}`,
  };
}

export type Format = ReturnType<typeof createFormat>;

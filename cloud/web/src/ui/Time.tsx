import { useFormat } from "../i18n/useFormat";
import { useServerNow } from "../live/clock";

/** A moment in the user's zone; the full date and zone on hovering. */
export function Time({ at, as = "dateTime" }: { at: string; as?: "dateTime" | "time" | "precise" }) {
  const format = useFormat();
  return (
    <time dateTime={at} title={format.full(at)}>
      {format[as](at)}
    </time>
  );
}

/** How long ago, renewed every second. */
export function Ago({ at }: { at: string }) {
  const format = useFormat();
  const now = useServerNow();
  return (
    <time dateTime={at} title={format.full(at)}>
      {format.ago(Math.max(0, now - Date.parse(at)))}
    </time>
  );
}

import { useFormat } from "../i18n/useFormat";
import { useServerNow } from "../live/clock";

/** A moment in the user's zone; the full date and zone on hovering. */
export function Time({ at, short }: { at: string; short?: boolean }) {
  const format = useFormat();
  return (
    <time dateTime={at} title={format.full(at)}>
      {short ? format.time(at) : format.dateTime(at)}
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

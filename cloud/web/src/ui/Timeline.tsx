import type { ReactNode } from "react";
import { Time } from "./Time";
import "./timeline.css";

export interface TimelineEntry {
  key: string;
  title: ReactNode;
  at: string;
  actor: string;
  detail: string;
  tone?: "danger" | "warning" | "success" | undefined;
}

/** What happened, when, by whom and why. */
export function Timeline({ entries, label, precise }: { entries: TimelineEntry[]; label: string; precise?: boolean }) {
  return (
    <ol className="timeline" aria-label={label}>
      {entries.map(({ key, title, at, actor, detail, tone }) => (
        <li key={key} data-tone={tone}>
          <div className="timeline-head">
            <span className="timeline-title">{title}</span>
            <Time at={at} as={precise ? "precise" : "dateTime"} />
          </div>
          <p className="muted">
            <bdi>{actor.replace(/^vehicle:/, "")}</bdi>
            {detail && (
              <>
                {" · "}
                <bdi>{detail}</bdi>
              </>
            )}
          </p>
        </li>
      ))}
    </ol>
  );
}

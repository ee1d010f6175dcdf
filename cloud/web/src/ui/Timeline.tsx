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
export function Timeline({ entries, label }: { entries: TimelineEntry[]; label: string }) {
  return (
    <ol className="timeline" aria-label={label}>
      {entries.map(({ key, title, at, actor, detail, tone }) => (
        <li key={key} data-tone={tone}>
          <div className="timeline-head">
            <span className="timeline-title">{title}</span>
            <Time at={at} />
          </div>
          <p className="muted">
            <bdi>{actor}</bdi>
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

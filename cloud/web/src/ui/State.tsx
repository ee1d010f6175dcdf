import { CircleAlert, Inbox } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ProblemError } from "../api/request";
import { Button } from "./Button";
import "./state.css";

/** Grey bars where text will be. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  const { t } = useTranslation();
  return (
    <div className="skeleton" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <span key={line} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <Inbox aria-hidden />
      <p className="state-title">{title}</p>
      {children}
    </div>
  );
}

/** What went wrong, in the words of the service where it has some. */
export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="state" role="alert">
      <CircleAlert aria-hidden />
      <p className="state-title">{t("state.failed")}</p>
      <ErrorText error={error} />
      {onRetry && <Button onPress={onRetry}>{t("action.retry")}</Button>}
    </div>
  );
}

export function ErrorText({ error }: { error: Error }) {
  const { t } = useTranslation();
  if (error instanceof ProblemError) {
    return (
      <p className="muted" dir="auto">
        {error.message}
      </p>
    );
  }
  return <p className="muted">{t("state.unreachable")}</p>;
}

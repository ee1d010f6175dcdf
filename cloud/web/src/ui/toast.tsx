import { X } from "lucide-react";
import {
  Button,
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";
import { useTranslation } from "react-i18next";
import "./toast.css";

interface Message {
  text: string;
  tone: "neutral" | "danger";
}

const queue = new ToastQueue<Message>({ maxVisibleToasts: 3 });

/** Tells it at the edge of the page, and to screen readers. */
export function notify(text: string, tone: Message["tone"] = "neutral"): void {
  queue.add({ text, tone }, { timeout: tone === "danger" ? 12_000 : 6000 });
}

export function Toasts() {
  const { t } = useTranslation();
  return (
    <ToastRegion queue={queue} className="toasts" aria-label={t("toast.region")}>
      {({ toast }) => (
        <Toast toast={toast} className={`toast ${toast.content.tone}`}>
          <ToastContent>
            <Text slot="title">
              <bdi>{toast.content.text}</bdi>
            </Text>
          </ToastContent>
          <Button slot="close" className="button quiet icon-only" aria-label={t("action.close")}>
            <X aria-hidden />
          </Button>
        </Toast>
      )}
    </ToastRegion>
  );
}

import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import "./page.css";

interface Props {
  title: ReactNode;
  /** For the window, where the title on the page is more than text. */
  windowTitle?: string;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, windowTitle, actions, children }: Props) {
  useWindowTitle(windowTitle ?? String(title));
  return (
    <div className="page">
      <header className="page-header">
        <h1>{title}</h1>
        <div className="page-actions">{actions}</div>
      </header>
      {children}
    </div>
  );
}

export function useWindowTitle(title: string): void {
  const { t } = useTranslation();
  const name = t("app.name");
  useEffect(() => {
    document.title = `${title} · ${name}`;
  }, [title, name]);
}

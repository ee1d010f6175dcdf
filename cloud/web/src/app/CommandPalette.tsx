import { CarFront, Languages, Map as MapIcon, Moon, Plus, Route, TriangleAlert } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import {
  Modal as AriaModal,
  Autocomplete,
  Dialog,
  Input,
  Menu,
  MenuItem,
  ModalOverlay,
  SearchField,
} from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useTrips } from "../api/queries";
import { language, setLanguage } from "../i18n";
import { vehicleStore } from "../live/store";
import { useMay } from "./session";
import { setTheme, theme } from "./theme";
import "./palette.css";

interface Command {
  id: string;
  text: string;
  icon: ReactNode;
  run(): void;
}

/** As many as are seen without scrolling. */
const MOST_SHOWN = 9;

export function CommandPalette({ isOpen, onClose }: { isOpen: boolean; onClose(): void }) {
  const { t } = useTranslation();
  return (
    <ModalOverlay
      className="modal-scrim palette-scrim"
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
    >
      <AriaModal className="modal palette">
        <Dialog className="palette-dialog" aria-label={t("palette.title")}>
          <Commands onClose={onClose} />
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}

function Commands({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const commands = useCommands();
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return commands
      .filter((command) => words.every((word) => command.text.toLowerCase().includes(word)))
      .slice(0, MOST_SHOWN);
  }, [commands, text]);
  const run = (command: Command) => {
    onClose();
    command.run();
  };
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField aria-label={t("palette.title")} autoFocus>
        <Input className="palette-input" placeholder={t("palette.placeholder")} />
      </SearchField>
      <Menu
        className="menu"
        aria-label={t("palette.title")}
        items={found}
        renderEmptyState={() => <div className="menu-empty">{t("palette.nothing")}</div>}
      >
        {(command) => (
          <MenuItem className="menu-item" textValue={command.text} onAction={() => run(command)}>
            {command.icon}
            <bdi>{command.text}</bdi>
          </MenuItem>
        )}
      </Menu>
    </Autocomplete>
  );
}

function useCommands(): Command[] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayOrder = useMay("operate-trips");
  const trips = useTrips(undefined).data;
  return useMemo(() => {
    const go = (id: string, text: string, icon: ReactNode, to: string) => ({ id, text, icon, run: () => navigate(to) });
    const other = language() === "en" ? "ar" : "en";
    const otherTheme = theme() === "dark" ? "light" : "dark";
    return [
      ...(mayOrder ? [go("order", t("order.title"), <Plus aria-hidden />, "/?order")] : []),
      go("live", t("nav.live"), <MapIcon aria-hidden />, "/"),
      go("trips", t("nav.trips"), <Route aria-hidden />, "/trips"),
      go("vehicles", t("nav.vehicles"), <CarFront aria-hidden />, "/vehicles"),
      go("incidents", t("nav.incidents"), <TriangleAlert aria-hidden />, "/incidents"),
      { id: "theme", text: t(`theme.${otherTheme}`), icon: <Moon aria-hidden />, run: () => setTheme(otherTheme) },
      { id: "language", text: t(`language.${other}`), icon: <Languages aria-hidden />, run: () => setLanguage(other) },
      ...vehicleStore
        .list()
        .map(({ id }) => go(id, t("palette.vehicle", { id }), <CarFront aria-hidden />, `/vehicles/${id}`)),
      ...(trips?.pages ?? [])
        .flat()
        .map(({ trip_id: id }) => go(id, t("palette.trip", { id }), <Route aria-hidden />, `/trips/${id}`)),
    ];
  }, [t, navigate, mayOrder, trips]);
}

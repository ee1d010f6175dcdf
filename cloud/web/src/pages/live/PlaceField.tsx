import { ChevronDown, Crosshair } from "lucide-react";
import { useMemo } from "react";
import { Button, ComboBox, FieldError, Input, Label, ListBox, ListBoxItem, Popover, Text } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { Place } from "../../api/types";
import { writePlace } from "./order";
import { type NamedPlace, usePlaces } from "./places";

interface Props {
  label: string;
  text: string;
  onChange(text: string): void;
  mapCentre: Place | undefined;
  error: string | undefined;
}

const MOST_SHOWN = 50;

/** A place: typed as coordinates, chosen by its name, clicked on the map, or the middle of the map. */
export function PlaceField({ label, text, onChange, mapCentre, error }: Props) {
  const { t } = useTranslation();
  const places = usePlaces();
  const found = useMemo(() => matching(places, text), [places, text]);
  return (
    <ComboBox
      className="field"
      inputValue={text}
      onInputChange={onChange}
      items={found}
      selectedKey={null}
      onSelectionChange={(key) => {
        const place = places.find(({ name }) => name === key);
        if (place) onChange(writePlace(place));
      }}
      allowsCustomValue
      isInvalid={Boolean(error)}
    >
      <Label>{label}</Label>
      <div className="place-input">
        <Input className="input" dir="ltr" placeholder={t("order.place_placeholder")} />
        <Button className="button quiet icon-only" aria-label={t("order.show_places")}>
          <ChevronDown aria-hidden />
        </Button>
        {mapCentre && (
          <Button
            slot={null}
            className="button quiet icon-only"
            aria-label={t("order.map_centre")}
            onPress={() => onChange(writePlace(mapCentre))}
          >
            <Crosshair aria-hidden />
          </Button>
        )}
      </div>
      <Text slot="description" className="field-hint">
        {t("order.place_hint")}
      </Text>
      <FieldError className="field-error">{error}</FieldError>
      <Popover className="popover">
        <ListBox className="menu">
          {(place: NamedPlace) => (
            <ListBoxItem id={place.name} className="menu-item" textValue={place.name}>
              <bdi>{place.name}</bdi>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

/** Places whose name has the text; none where coordinates are being typed. */
function matching(places: NamedPlace[], text: string): NamedPlace[] {
  if (/\d/.test(text[0] ?? "")) return [];
  const wanted = text.trim().toLowerCase();
  return places.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, MOST_SHOWN);
}

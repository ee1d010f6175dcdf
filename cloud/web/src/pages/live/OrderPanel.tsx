import { X } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Button as AriaButton, FieldError, Form, Group, Input, Label, NumberField } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useOrderTrip } from "../../api/queries";
import { useFormat } from "../../i18n/useFormat";
import { Button } from "../../ui/Button";
import { Fact, Facts } from "../../ui/Card";
import { ErrorText, Skeleton } from "../../ui/State";
import { notify } from "../../ui/toast";
import { type Field, fieldOf, type Order } from "./order";
import { PlaceField } from "./PlaceField";
import "../../ui/field.css";
import "./order.css";

const MOST_PASSENGERS = 200;
const MOST_NAMES = 4;

export function OrderPanel({ order, onClose }: { order: Order; onClose(): void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const panel = useRef<HTMLElement>(null);
  const [passengers, setPassengers] = useState(1);
  const [checked, setChecked] = useState(false);
  // Sent again after a lost answer it is still one trip.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const send = useOrderTrip();
  const { texts, setText, pickup, destination, preview, mapCentre } = order;

  // So that the keyboard goes on here.
  useEffect(() => panel.current?.focus({ preventScroll: true }), []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!pickup || !destination) return;
    send.mutate(
      { order: { pickup, destination, passenger_count: passengers }, key },
      {
        onSuccess: ({ trip_id }) => {
          notify(t("order.done"));
          order.clear();
          navigate(`/trips/${trip_id}`);
        },
        onError: () => setKey(crypto.randomUUID()),
      },
    );
  };

  const refusal = send.error ?? preview.error;
  const refused = fieldOf(refusal);
  const errorAt = (field: Field) => (refused === field ? refusal?.message : undefined);
  const placeError = (field: "pickup" | "destination") => {
    if (order[field]) return errorAt(field);
    if (texts[field]) return checked ? t("order.invalid_place") : undefined;
    return checked ? t("order.missing_place") : undefined;
  };

  return (
    <aside className="panel" aria-label={t("order.title")} ref={panel} tabIndex={-1}>
      <header className="panel-header">
        <h2>{t("order.title")}</h2>
        <Button kind="quiet" className="icon-only" aria-label={t("action.close")} onPress={onClose}>
          <X aria-hidden />
        </Button>
      </header>
      <p className="muted">{t("order.how")}</p>
      <Form className="order-form" onSubmit={submit} validationBehavior="aria">
        {(["pickup", "destination"] as const).map((field) => (
          <PlaceField
            key={field}
            label={`${field === "pickup" ? "A" : "B"} · ${t(`order.${field}`)}`}
            text={texts[field]}
            onChange={(text) => {
              send.reset();
              setText(field, text);
            }}
            mapCentre={mapCentre}
            error={placeError(field)}
          />
        ))}
        <NumberField
          className="field"
          value={passengers}
          onChange={setPassengers}
          minValue={1}
          maxValue={MOST_PASSENGERS}
          isInvalid={refused === "passengers"}
        >
          <Label>{t("order.passengers")}</Label>
          <Group className="input-group">
            <AriaButton slot="decrement" className="button secondary icon-only">
              −
            </AriaButton>
            <Input className="input number-input" />
            <AriaButton slot="increment" className="button secondary icon-only">
              +
            </AriaButton>
          </Group>
          <FieldError className="field-error">{errorAt("passengers")}</FieldError>
        </NumberField>
        <Preview order={order} />
        {refusal && !refused && (
          <div role="alert" className="form-error">
            <ErrorText error={refusal} />
          </div>
        )}
        <div className="panel-footer">
          <Button type="submit" kind="primary" className="order-submit" isPending={send.isPending}>
            {t("order.submit")}
          </Button>
        </div>
      </Form>
    </aside>
  );
}

function Preview({ order: { preview } }: { order: Order }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (preview.isLoading) return <Skeleton lines={2} />;
  if (!preview.data) return null;
  const { length_m, duration_s, segments } = preview.data.route;
  const names = [...new Set(segments.flatMap(({ name }) => (name ? [name] : [])))];
  return (
    <div className="order-preview">
      <Facts>
        <Fact label={t("order.distance")}>{format.distance(length_m)}</Fact>
        <Fact label={t("order.duration")}>{format.duration(duration_s)}</Fact>
        {names.length > 0 && (
          <Fact label={t("order.via")}>
            <bdi>{format.list(names.slice(0, MOST_NAMES))}</bdi>
          </Fact>
        )}
      </Facts>
    </div>
  );
}

import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useChangeIncident } from "../../api/queries";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { ErrorText } from "../../ui/State";

export function NoteForm({ id }: { id: string }) {
  const { t } = useTranslation();
  const [note, setNote] = useState("");
  const change = useChangeIncident(id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (note.trim() === "") return;
    change.mutate({ note: note.trim() }, { onSuccess: () => setNote("") });
  };
  return (
    <Form className="note-form" onSubmit={submit}>
      <TextField label={t("incident.note")} value={note} onChange={setNote} multiline maxLength={2000} />
      {change.error && <ErrorText error={change.error} />}
      <Button type="submit" isPending={change.isPending} isDisabled={note.trim() === ""}>
        {t("incident.add_note")}
      </Button>
    </Form>
  );
}

import { Languages } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useLogIn } from "../api/queries";
import { ProblemError } from "../api/request";
import { language, setLanguage } from "../i18n";
import { Button } from "../ui/Button";
import { TextField } from "../ui/Field";
import { Logo } from "./Logo";
import { useWindowTitle } from "./Page";
import "./login.css";

export function LoginPage() {
  const { t } = useTranslation();
  const [userId, setUserId] = useState("");
  const [password, setPassword] = useState("");
  const logIn = useLogIn();
  const navigate = useNavigate();
  useWindowTitle(t("login.title"));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    logIn.mutate(
      { user_id: userId.trim(), password },
      { onSuccess: () => location.pathname === "/login" && navigate("/") },
    );
  };
  const other = language() === "en" ? "ar" : "en";

  return (
    <main className="login">
      <Form className="login-form" onSubmit={submit}>
        <Logo />
        <h1>{t("login.title")}</h1>
        {logIn.error && (
          <p className="form-error" role="alert" dir="auto">
            {logIn.error instanceof ProblemError
              ? logIn.error.status === 401
                ? t("login.refused")
                : logIn.error.message
              : t("state.unreachable")}
          </p>
        )}
        <TextField
          label={t("login.user")}
          name="username"
          autoComplete="username"
          value={userId}
          onChange={setUserId}
          isRequired
          autoFocus
        />
        <TextField
          label={t("login.password")}
          name="password"
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
          isRequired
        />
        <Button type="submit" kind="primary" isPending={logIn.isPending}>
          {t("login.submit")}
        </Button>
        <Button kind="quiet" icon={<Languages aria-hidden />} onPress={() => setLanguage(other)}>
          <span lang={other}>{t(`language.${other}`)}</span>
        </Button>
      </Form>
    </main>
  );
}

//! The API as a client sees it.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use ureq::Agent;

/// A client, with a token if it has logged in.
#[derive(Clone)]
pub struct Api {
    agent: Agent,
    url: String,
    token: Option<String>,
}

impl Api {
    pub fn new(url: &str) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
        Self { agent, url: url.trim_end_matches('/').into(), token: None }
    }

    /// The same client as this user.
    pub fn log_in(&self, user: &str, password: &str) -> Result<Self> {
        let body = serde_json::json!({ "user_id": user, "password": password });
        let (status, answer) = self.post("/api/v1/login", &body)?;
        let token =
            answer["token"].as_str().with_context(|| format!("log-in of {user}: {status} {answer}"))?;
        Ok(Self { token: Some(token.into()), ..self.clone() })
    }

    pub fn text(&self, path: &str) -> Result<String> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().with_context(|| format!("GET {path}"))?;
        let text = response.body_mut().read_to_string()?;
        if !response.status().is_success() {
            bail!("GET {path}: {} {text}", response.status());
        }
        Ok(text)
    }

    pub fn get(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_str(&self.text(path)?)?)
    }

    /// Status and answer.
    pub fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.send(body.to_string()).with_context(|| format!("POST {path}"))?;
        let text = response.body_mut().read_to_string()?;
        Ok((response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}

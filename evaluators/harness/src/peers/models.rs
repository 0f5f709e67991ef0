//! Models as other systems name them, and where they are to be asked.

use serde_json::{Map, Value, json};

use super::keys::{self, Key, Meaning};
use super::settings::Settings;

/// What a configuration says of one model.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub name: String,
    pub weight: Option<f64>,
    pub more: Shared,
}

/// What a configuration says of a model, or of all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    pub base_url: Option<String>,
    /// The variable that holds the key.
    pub key: Option<String>,
    pub fields: Map<String, Value>,
}

/// How a system finds a model's endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// By the configuration's address alone.
    Plain,
    /// By the name, where it names a provider; else by the address.
    ByName,
}

const OPENAI: &str = "https://api.openai.com/v1";

/// A provider: what its names begin with, its address for OpenAI's interface, and the variable
/// of its key.
struct Provider {
    prefixes: &'static [&'static str],
    base_url: &'static str,
    key: &'static str,
}

const PROVIDERS: [Provider; 6] = [
    Provider {
        prefixes: &["openai/", "gpt-", "o1", "o3", "o4"],
        base_url: OPENAI,
        key: "OPENAI_API_KEY",
    },
    Provider {
        prefixes: &["gemini/", "google/", "gemini-"],
        base_url: "https://generativelanguage.googleapis.com/v1beta/openai",
        key: "GEMINI_API_KEY",
    },
    Provider {
        prefixes: &["anthropic/", "claude-"],
        base_url: "https://api.anthropic.com/v1",
        key: "ANTHROPIC_API_KEY",
    },
    Provider {
        prefixes: &["deepseek/", "deepseek-"],
        base_url: "https://api.deepseek.com/v1",
        key: "DEEPSEEK_API_KEY",
    },
    Provider {
        prefixes: &["mistral/", "mistral-"],
        base_url: "https://api.mistral.ai/v1",
        key: "MISTRAL_API_KEY",
    },
    Provider {
        prefixes: &["openrouter/"],
        base_url: "https://openrouter.ai/api/v1",
        key: "OPENROUTER_API_KEY",
    },
];

/// The keys that describe a model, below `llm` and below each of its models.
pub(super) const LLM: &[Key] = &[
    (
        "llm.api_base",
        Meaning::Taken(|v, s| {
            s.shared.base_url = Some(keys::text(v)?);
            Ok(())
        }),
    ),
    (
        "llm.api_key",
        Meaning::Taken(|v, s| {
            let key = key_of(&keys::text(v)?, s);
            s.shared.key = key;
            Ok(())
        }),
    ),
    ("llm.temperature", Meaning::Taken(|v, s| field(v, s, "temperature"))),
    ("llm.top_p", Meaning::Taken(|v, s| field(v, s, "top_p"))),
    ("llm.max_tokens", Meaning::Taken(|v, s| field(v, s, "max_tokens"))),
    ("llm.timeout", Meaning::Taken(|v, s| field(v, s, "timeout"))),
    ("llm.reasoning_effort", Meaning::Taken(|v, s| field(v, s, "reasoning_effort"))),
    (
        "llm.models",
        Meaning::Taken(|v, s| {
            let drafts = keys::list(v, |item| Ok(item.clone()))?;
            for item in drafts {
                let draft = draft(&item, s)?;
                s.models.push(draft);
            }
            Ok(())
        }),
    ),
    ("llm.retries", Meaning::Nothing("calls are repeated by rules of our own")),
    ("llm.retry_delay", Meaning::Nothing("calls are repeated by rules of our own")),
    ("llm.evaluator_models", Meaning::Nothing("no model judges programs")),
    ("llm.system_message", Meaning::Nothing("the prompts are our own")),
    ("llm.random_seed", Meaning::Nothing("providers differ in what they make of a seed")),
    ("llm.weight", Meaning::Nothing("each model has its own")),
];

fn field(value: &Value, settings: &mut Settings, name: &str) -> Result<(), String> {
    let value = field_value(name, value)?;
    settings.shared.fields.insert(name.to_owned(), value);
    Ok(())
}

fn field_value(name: &str, value: &Value) -> Result<Value, String> {
    Ok(match name {
        "max_tokens" => json!(keys::count(value)?),
        "timeout" => json!(span(keys::positive(value)?)),
        "reasoning_effort" => json!(keys::text(value)?),
        _ => json!(keys::number(value)?),
    })
}

/// Seconds as `task.toml` writes a duration.
pub(super) fn span(seconds: f64) -> String {
    format!("{}ms", (seconds * 1000.0).ceil() as u64)
}

/// The variable of a key given as `${NAME}`. A key that stands there itself is not taken over.
fn key_of(text: &str, settings: &mut Settings) -> Option<String> {
    if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        return Some(name.to_owned());
    }
    if text.len() > 8 {
        settings.holds_secret = true;
        settings.notes.push(
            "the configuration holds a key itself, which is not copied anywhere; put it into an \
             environment variable and name that one with `api_key_env`"
                .to_owned(),
        );
    }
    None
}

/// One item of `llm.models`.
fn draft(item: &Value, settings: &mut Settings) -> Result<Draft, String> {
    let map = item.as_object().ok_or_else(|| format!("{item} does not describe a model"))?;
    let mut draft = Draft::default();
    for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        match key.as_str() {
            "name" => draft.name = keys::text(value)?,
            "weight" => draft.weight = Some(keys::number(value)?),
            "api_base" => draft.more.base_url = Some(keys::text(value)?),
            "api_key" => draft.more.key = key_of(&keys::text(value)?, settings),
            "temperature" | "top_p" | "max_tokens" | "timeout" | "reasoning_effort" => {
                draft.more.fields.insert(key.clone(), field_value(key, value)?);
            }
            other => {
                let note = format!("left out of `llm.models`: `{other}`");
                if !settings.notes.contains(&note) {
                    settings.notes.push(note);
                }
            }
        }
    }
    if draft.name.is_empty() {
        return Err("a model has no `name`".to_owned());
    }
    Ok(draft)
}

/// The `[[model]]` sections.
pub(super) fn sections(settings: &mut Settings, naming: Naming) -> Vec<Value> {
    let drafts = std::mem::take(&mut settings.models);
    let shared = settings.shared.clone();
    drafts.iter().filter_map(|draft| section(draft, &shared, naming, &mut settings.notes)).collect()
}

fn section(
    draft: &Draft,
    shared: &Shared,
    naming: Naming,
    notes: &mut Vec<String>,
) -> Option<Value> {
    if draft.weight.is_some_and(|weight| weight <= 0.0) {
        return None;
    }
    let mut name = draft.name.clone();
    let mut base_url = draft.more.base_url.clone();
    let mut key = draft.more.key.clone().or_else(|| shared.key.clone());
    if let Some(local) = name.strip_prefix("local/")
        && let Some((own, url)) = local.split_once("@http")
    {
        let url = format!("http{url}");
        let (url, query) = url.split_once('?').unwrap_or((&url, ""));
        key =
            query.split('&').find_map(|part| part.strip_prefix("api_key_env=")).map(str::to_owned);
        base_url = Some(url.to_owned());
        name = own.to_owned();
    } else if base_url.is_none() && naming == Naming::ByName {
        let provider = provider_of(&name);
        if let Some((provider, prefix)) = provider {
            base_url = Some(provider.base_url.to_owned());
            key = key.or_else(|| Some(provider.key.to_owned()));
            if prefix.ends_with('/') {
                name = name[prefix.len()..].to_owned();
            }
        } else if shared.base_url.is_none() {
            notes.push(format!(
                "`{name}` is asked at {OPENAI}; change `base_url` if it is elsewhere"
            ));
        }
    }
    let base_url = base_url.or_else(|| shared.base_url.clone()).unwrap_or(OPENAI.to_owned());
    let key = key.or_else(|| (!is_here(&base_url)).then(|| key_for(&base_url).to_owned()));
    let mut section = shared.fields.clone();
    section.extend(draft.more.fields.clone());
    section.insert("name".to_owned(), json!(name));
    section.insert("base_url".to_owned(), json!(base_url));
    section.insert("weight".to_owned(), json!(draft.weight.unwrap_or(1.0)));
    if let Some(key) = key {
        section.insert("api_key_env".to_owned(), json!(key));
    }
    Some(Value::Object(section))
}

fn provider_of(name: &str) -> Option<(&'static Provider, &'static str)> {
    PROVIDERS.iter().find_map(|provider| {
        let prefix = provider.prefixes.iter().find(|prefix| name.starts_with(**prefix))?;
        Some((provider, *prefix))
    })
}

/// The variable that usually holds the key of an address.
fn key_for(base_url: &str) -> &'static str {
    let host = |url: &str| url.split('/').nth(2).unwrap_or_default().to_owned();
    let found = PROVIDERS.iter().find(|provider| host(provider.base_url) == host(base_url));
    found.map_or("OPENAI_API_KEY", |provider| provider.key)
}

/// Whether an address is one of this machine, where servers ask for no key.
fn is_here(base_url: &str) -> bool {
    let host = base_url.split('/').nth(2).unwrap_or_default();
    ["localhost", "127.", "[::1]", "0.0.0.0"].iter().any(|own| host.starts_with(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, shared: Shared, naming: Naming) -> (Value, Vec<String>) {
        let draft = Draft { name: name.to_owned(), ..Draft::default() };
        let mut settings = Settings { models: vec![draft], shared, ..Settings::default() };
        let sections = sections(&mut settings, naming);
        (sections[0].clone(), settings.notes)
    }

    fn at(url: &str) -> Shared {
        Shared { base_url: Some(url.to_owned()), ..Shared::default() }
    }

    #[test]
    fn an_address_counts_as_it_is_given() {
        let (section, notes) = one("google/x", at("https://openrouter.ai/api/v1"), Naming::Plain);
        assert_eq!(section["name"], "google/x");
        assert_eq!(section["api_key_env"], "OPENROUTER_API_KEY");
        let (section, _) = one("m", at("http://localhost:8000/v1"), Naming::Plain);
        assert!(section.get("api_key_env").is_none());
        assert!(notes.is_empty());
    }

    #[test]
    fn names_lead_to_their_providers() {
        let (section, _) = one("gemini/gemini-2.5-pro", Shared::default(), Naming::ByName);
        assert_eq!(section["name"], "gemini-2.5-pro");
        assert_eq!(section["api_key_env"], "GEMINI_API_KEY");
        let local = "local/qwen@http://host:8000/v1?api_key_env=MY_KEY";
        let (section, _) = one(local, Shared::default(), Naming::ByName);
        assert_eq!(section["name"], "qwen");
        assert_eq!(section["base_url"], "http://host:8000/v1");
        assert_eq!(section["api_key_env"], "MY_KEY");
        let (section, notes) = one("unheard-of", Shared::default(), Naming::ByName);
        assert_eq!(section["base_url"], OPENAI);
        assert!(notes[0].contains("`unheard-of`"), "{notes:?}");
        let (section, _) = one("claude-x", at("http://localhost/v1"), Naming::ByName);
        assert_eq!(section["base_url"], "https://api.anthropic.com/v1");
    }

    #[test]
    fn a_key_in_the_file_is_never_taken_over() {
        let mut settings = Settings::default();
        assert_eq!(key_of("${MY_KEY}", &mut settings).as_deref(), Some("MY_KEY"));
        assert!(!settings.holds_secret);
        assert_eq!(key_of("sk-0123456789", &mut settings), None);
        assert!(settings.holds_secret && !settings.notes[0].contains("0123"));
    }

    #[test]
    fn seconds_become_durations() {
        assert_eq!(span(0.5), "500ms");
        assert_eq!(span(300.0), "300000ms");
    }
}

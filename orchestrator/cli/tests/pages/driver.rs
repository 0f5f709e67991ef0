//! A real browser: Chromium, driven through chromedriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::support::skipped;

/// How long something may take to appear on a page.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser of its own, with a profile of its own.
pub struct Browser {
    driver: Child,
    _profile: tempfile::TempDir,
    pub client: Client,
}

/// The messages of a page's console since they were last asked for.
#[derive(Debug)]
struct ConsoleMessages;

impl WebDriverCompatibleCommand for ConsoleMessages {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

impl Browser {
    /// None, and said so, where there is no chromedriver. `dark`: what the reader prefers.
    pub async fn start(test: &str, dark: bool) -> Option<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = driver else {
            skipped(test, "chromedriver", "chromedriver is not installed");
            return None;
        };
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .map(Result::unwrap)
            .find_map(|line| {
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let folder = format!("--user-data-dir={}", profile.path().display());
        let mut arguments = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,1000",
            &folder,
        ];
        if dark {
            arguments.push("--blink-settings=preferredColorScheme=0");
        }
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            // A page with an open stream never comes to rest.
            "pageLoadStrategy": "eager",
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Some(Self { driver, _profile: profile, client })
    }

    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// What the page's console was told and did not like.
    pub async fn complaints(&self) -> Vec<String> {
        let messages = self.client.issue_cmd(ConsoleMessages).await.unwrap();
        let messages = messages.as_array().unwrap().iter();
        messages
            .filter(|message| message["level"] == "SEVERE" || message["level"] == "WARNING")
            .map(|message| message["message"].to_string())
            .collect()
    }

    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    pub async fn find(&self, css: &str) -> Element {
        self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await.unwrap()
    }

    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    /// Waits until an expression of the page is true.
    pub async fn until(&self, expression: &str) {
        let begun = std::time::Instant::now();
        while self.run(&format!("return Boolean({expression})")).await != true {
            assert!(begun.elapsed() < PATIENCE, "it never came true: {expression}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Keeps a picture of the page, where `EVOLVE_SCREENSHOTS` names a folder.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("EVOLVE_SCREENSHOTS") else { return };
        let height = self.run("return document.documentElement.scrollHeight").await;
        let height = height.as_u64().unwrap_or(1_000).clamp(600, 2_600);
        self.client.set_window_size(1280, height as u32 + 90).await.unwrap();
        self.run(
            "return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 150)))",
        )
        .await;
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }

    pub async fn close(self) {
        let _ = self.client.clone().close().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

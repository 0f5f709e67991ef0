//! The live pages in a real browser.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

#[path = "pages/driver.rs"]
mod driver;
mod pages;
mod support;

use fantoccini::Locator;
use fantoccini::key::Key;

use driver::Browser;
use pages::{HOSTILE, Server, generated_run, hostile_path, hostile_run, pages_of};
use support::Place;

/// What a page must be so that everybody can use it; the answer names what is not so.
const AUDIT: &str = r#"
const wrong = [];
if (!document.documentElement.lang) wrong.push("no language");
if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
const ids = new Set();
for (const element of document.querySelectorAll("[id]")) {
  if (ids.has(element.id)) wrong.push("id twice: " + element.id);
  ids.add(element.id);
}
for (const element of document.querySelectorAll("[aria-labelledby]")) {
  if (!document.getElementById(element.getAttribute("aria-labelledby"))) wrong.push("labelled by nothing: " + element.getAttribute("aria-labelledby"));
}
for (const image of document.querySelectorAll("img")) if (!image.alt) wrong.push("picture without words");
for (const table of document.querySelectorAll("table")) if (!table.caption) wrong.push("table without a caption");
for (const head of document.querySelectorAll("th")) if (!head.scope) wrong.push("th without a scope: " + head.textContent);
for (const field of document.querySelectorAll("input:not([type=hidden]), select")) {
  if (!field.closest("label") && !field.getAttribute("aria-label")) wrong.push("field without a label: " + field.name);
}
for (const place of document.querySelectorAll(".scroll")) if (place.tabIndex !== 0) wrong.push("a place that scrolls and cannot be focused");
if (document.documentElement.scrollWidth > innerWidth + 1) wrong.push("wider than the window");
return wrong;
"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_loads_without_a_complaint_and_can_be_used_by_everybody() {
    let Some(browser) = Browser::start("pages without complaints", false).await else { return };
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "run", 300);
    let server = Server::start(runs.path(), &[]);
    let mut all = vec!["/".to_owned(), "/compare".to_owned()];
    all.extend(pages_of("run"));
    for page in all {
        browser.open(&server.url(&page)).await;
        browser.find("main section").await;
        if page.ends_with("/lineage") {
            browser.until("document.getElementById('graph').dataset.nodes > 100").await;
        }
        assert_eq!(browser.run(AUDIT).await, serde_json::json!([]), "{page}");
        assert_eq!(browser.complaints().await, [] as [&str; 0], "{page}");
        let name = page.trim_start_matches("/runs/run").replace(['/', '?', '&', '='], "-");
        browser.picture(&format!("page{name}")).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_and_logs_are_inert() {
    let Some(browser) = Browser::start("hostile text", true).await else { return };
    let runs = tempfile::tempdir().unwrap();
    hostile_run(runs.path());
    let server = Server::start(runs.path(), &[]);
    let mut all = vec!["/".to_owned()];
    all.extend(pages_of(&hostile_path()));
    for page in all {
        browser.open(&server.url(&page)).await;
        browser.find("main section").await;
        if page == "/" || page.ends_with("%3E%20%7B%7B7%2A7%7D%7D") {
            // What comes by the stream is hostile, too: the page's own stream is older than this.
            browser
                .run("const path = location.pathname.replace(/\\/$/, ''); const stream = new EventSource(path + '/events'); stream.onmessage = () => { window.heard = true; stream.close(); }")
                .await;
            browser.until("window.heard").await;
        }
        if page.ends_with("/lineage") {
            browser.until("document.getElementById('graph').dataset.nodes > 10").await;
            for by in ["model", "operator", "status", "island"] {
                let choose = format!(
                    "const c = document.getElementById('colour'); c.value = '{by}'; c.dispatchEvent(new Event('change'))"
                );
                browser.run(&choose).await;
            }
        }
        assert_eq!(browser.run("return window.pwned === undefined").await, true, "{page}");
        assert_eq!(browser.run(AUDIT).await, serde_json::json!([]), "{page}");
        assert_eq!(browser.complaints().await, [] as [&str; 0], "{page}");
    }
    browser.open(&server.url(&format!("/runs/{}", hostile_path()))).await;
    let shown = browser.text("h1").await;
    assert!(shown.starts_with("<script>window.pwned"), "{shown}");
    assert!(HOSTILE.contains('\u{1b}') && !shown.contains('\u{1b}'));
    browser.picture("hostile-dark").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_run_shows_what_is_new_without_a_reload() {
    let Some(browser) = Browser::start("live updates", false).await else { return };
    let place = Place::new();
    std::fs::create_dir_all(place.runs()).unwrap();
    let server = Server::start(&place.runs(), &[]);
    browser.open(&server.url("/")).await;
    browser.find("td.quiet").await;
    let args = ["start", "task", "--budget", "candidates=1000000", "--quiet"];
    let mut run = place.command(&args).spawn().unwrap();
    // The run appears in the list, and its numbers move.
    browser.find("tr[data-run]").await;
    browser.until("document.querySelector('[data-key=state]').textContent === 'running'").await;
    browser.until("Number(document.querySelector('[data-key=evaluated]').textContent.replaceAll(',', '')) > 5").await;
    browser.find("tr[data-run] a").await.click().await.unwrap();
    browser.find("#latest a").await;
    browser.run("window.sameDocument = true").await;
    let newest = "document.querySelector('#latest a').textContent";
    let first = browser.run(&format!("return {newest}")).await;
    browser.until(&format!("{newest} > {first}")).await;
    browser.until("document.querySelector('#latest tr.fresh')").await;
    browser.picture("live-overview").await;
    // A pause, and then the end, are told.
    place.ok(&["pause", "latest"]);
    browser.until("document.getElementById('state').textContent === 'paused'").await;
    place.ok(&["unpause", "latest"]);
    browser.until("document.getElementById('state').textContent === 'running'").await;
    place.ok(&["stop", "latest", "--now"]);
    browser.until("document.getElementById('state').textContent === 'stopped'").await;
    run.wait().unwrap();
    assert_eq!(browser.run("return window.sameDocument").await, true, "the page was loaded again");
    assert_eq!(browser.complaints().await, [] as [&str; 0]);
    // The server goes: the page says that it may be old.
    drop(server);
    browser.until("document.querySelector('.lost').textContent.includes('does not answer')").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_sorting_and_forms_do_what_they_say() {
    let Some(browser) = Browser::start("filters", false).await else { return };
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "alpha", 300);
    generated_run(runs.path(), "beta", 40);
    let server = Server::start(runs.path(), &[]);
    // The list: words filter, headers sort.
    browser.open(&server.url("/")).await;
    browser.find("#filter").await.send_keys("beta").await.unwrap();
    browser.until("document.querySelectorAll('tbody tr:not([hidden])').length === 1").await;
    assert_eq!(browser.text("#found").await, "1 of 2 rows");
    browser.open(&server.url("/")).await;
    let first = "return document.querySelector('tbody tr').dataset.run";
    let by_count =
        browser.client.find(Locator::XPath("//th/button[text()='Candidates']")).await.unwrap();
    by_count.click().await.unwrap();
    assert_eq!(browser.run(first).await, "beta");
    by_count.click().await.unwrap();
    assert_eq!(browser.run(first).await, "alpha");
    // Chosen runs are compared.
    for run in browser.client.find_all(Locator::Css("input[name=run]")).await.unwrap() {
        run.click().await.unwrap();
    }
    browser.find("form button:not(th button)").await;
    browser
        .client
        .find(Locator::XPath("//button[contains(., 'Compare the chosen')]"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    browser.find("#curves").await;
    browser.until("document.querySelectorAll('#table tbody tr').length === 2").await;
    browser.picture("compare").await;
    // Candidates of one status, page by page.
    browser.open(&server.url("/runs/alpha/candidates")).await;
    browser.run("document.querySelector('select[name=status]').value = 'ok'; document.querySelector('select[name=sort]').value = 'id'; document.querySelector('form').requestSubmit()").await;
    browser.until("location.search.includes('status=ok')").await;
    browser.until("[...document.querySelectorAll('tbody tr')].every((row) => row.cells[1].textContent === 'ok')").await;
    browser.find("a[rel=next]").await.click().await.unwrap();
    browser.until("location.search.includes('page=2')").await;
    browser.until("[...document.querySelectorAll('tbody tr')].every((row) => row.cells[1].textContent === 'ok')").await;
    // A diff against any ancestor.
    browser.open(&server.url("/runs/alpha/candidates?sort=generation&status=ok")).await;
    browser.find("tbody th a").await.click().await.unwrap();
    browser.find("select[name=against]").await;
    browser.run("const s = document.querySelector('select[name=against]'); s.value = s.options[s.options.length - 1].value; s.form.requestSubmit()").await;
    browser.until("location.search.includes('against=c')").await;
    let title = browser.text("#diff").await;
    let asked = browser.run("return location.search.split('=')[1]").await;
    assert!(title.ends_with(asked.as_str().unwrap()), "{title} {asked}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_is_walked_with_the_keyboard_alone() {
    let Some(browser) = Browser::start("the graph's keys", false).await else { return };
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "run", 600);
    let server = Server::start(runs.path(), &[]);
    browser.open(&server.url("/runs/run/lineage")).await;
    browser.until("document.getElementById('graph').dataset.nodes > 100").await;
    browser.run("document.getElementById('graph').focus()").await;
    let graph = browser.find("#graph").await;
    let press = async |key: Key| graph.send_keys(&char::from(key).to_string()).await.unwrap();
    press(Key::Left).await;
    browser.until("document.querySelector('#node a')").await;
    let best = browser.text("#node").await;
    assert!(best.contains("on the path to the best"), "{best}");
    press(Key::Left).await;
    let parent = browser.text("#node").await;
    assert!(parent != best && parent.contains("on the path to the best"), "{parent}");
    press(Key::Right).await;
    press(Key::Down).await;
    browser.picture("lineage-keys").await;
    let name = browser.text("#node a").await;
    press(Key::Enter).await;
    browser.find("#candidate").await;
    assert!(browser.text("#candidate").await.starts_with(&name));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_asked_for_once() {
    let Some(browser) = Browser::start("the token", false).await else { return };
    let runs = tempfile::tempdir().unwrap();
    generated_run(runs.path(), "run", 20);
    let server = Server::start(runs.path(), &["--token", "correct horse"]);
    browser.open(&server.url("/runs/run/cost")).await;
    browser.find("input[type=password]").await.send_keys("correct horse").await.unwrap();
    browser.find("form button").await.click().await.unwrap();
    browser.find("#spent").await;
    assert!(browser.client.current_url().await.unwrap().path().ends_with("/runs/run/cost"));
    browser.open(&server.url("/")).await;
    browser.find("tr[data-run]").await;
    browser.close().await;
}

//! Information flows: from a paper to a prompt, from a failure to an insight to a prompt, from an
//! artifact to a prompt. The model here can make certain improvements only when the prompt holds
//! the fact they need; everything else it has to guess.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod support;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};

use evolve_testkit::{ModelServer, Reply, Request};
use support::Place;

/// Three numbers to find; the score falls with the distance of each from its place.
const PROGRAM: &str = "# EVOLVE-BLOCK-START\nX = 40\nY = 40\nZ = 40\n# EVOLVE-BLOCK-END\n";

/// A Y beyond 30 is refused, with the reason deep in the log; how far Z is off is an artifact.
const JUDGE: &str = r#"
for name in x y z; do
  upper=$(echo $name | tr xyz XYZ)
  eval "$name=\$(sed -n 's/^$upper = //p' \"$EVOLVE_OUTPUT/program\")"
done
awk -v x="$x" -v y="$y" -v z="$z" 'BEGIN {
  if (y > 30 && y != 40) {
    for (i = 0; i < 12; i++) print "checking row " i
    print "the valve tears: a y of " y " is beyond 30; at rest it is y = 7"
    for (i = 0; i < 12; i++) print "closing row " i
    exit 1
  }
  printf "{\"metrics\":{\"score\":%.6g},", 300 - sqrt((x-3)^2) - sqrt((y-7)^2) - sqrt((z-11)^2)
  printf "\"artifacts\":{\"gauge\":\"needle %d short of z\"}}", z - 11
}' > "$EVOLVE_RESULT" || { cat "$EVOLVE_RESULT" >&2; rm "$EVOLVE_RESULT"; echo "measurement ended" >&2; exit 1; }
"#;

/// The fact about X, as a paper tells it.
const PAPER: &str = "Calibrating the Zeta pump. When two numbers of a pump have to be found and the \
                     score rises slowly, the first of them is known: the Zeta pump runs best at X = 3. \
                     It was measured in forty trials.";

/// A PDF of one page with a line of text for each sentence.
fn pdf(text: &str) -> Vec<u8> {
    let mut content = String::from("BT /F1 11 Tf 14 TL 60 760 Td\n");
    for line in text.split(". ") {
        let _ = writeln!(content, "({}.) Tj T*", line.trim_end_matches('.'));
    }
    content.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font \
         << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let trailer = "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n";
    file.extend(format!("{trailer}{table}\n%%EOF\n").bytes());
    file
}

/// The value of a number in the numbered parent.
fn value(prompt: &str, name: &str) -> String {
    let parent = &prompt[prompt.rfind("parent: c").unwrap_or(0)..];
    let line = parent.lines().find(|line| line.contains(&format!("| {name} = "))).unwrap();
    line.rsplit(" = ").next().unwrap().to_owned()
}

fn change(prompt: &str, name: &str, to: i64, why: &str) -> String {
    let old = value(prompt, name);
    format!(
        "Idea: {why} ({name} from {old} to {to}).\nExpect: `score` up\n\n<<<<<<< SEARCH\n{name} = \
         {old}\n=======\n{name} = {to}\n>>>>>>> REPLACE\n"
    )
}

/// Guesses of X and of Y so far.
#[derive(Default)]
struct Guesses([AtomicI64; 2]);

/// Proposes what the prompt gives away, else guesses, from 99 down.
fn propose(request: &Request, guesses: &Guesses) -> String {
    let prompt = request.messages().iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n");
    let is = |name, wanted: &str| value(&prompt, name) == wanted;
    if prompt.contains("runs best at X = 3") && !is("X", "3") {
        return change(&prompt, "X", 3, "the paper says so");
    }
    if prompt.contains("rests at y = 7") && !is("Y", "7") {
        return change(&prompt, "Y", 7, "an insight says so");
    }
    let gauge = prompt.split("needle ").nth(1).and_then(|rest| rest.split(' ').next());
    if let Some(off) = gauge.and_then(|off| off.parse::<i64>().ok()).filter(|off| *off != 0) {
        let z: i64 = value(&prompt, "Z").parse().unwrap();
        return change(&prompt, "Z", z - off, "the gauge says so");
    }
    let of_y = is("X", "3") || (request.number % 2 == 1 && !is("Y", "7"));
    let (which, name) = if of_y { (1, "Y") } else { (0, "X") };
    let guess = 99 - guesses.0[which].fetch_add(1, Ordering::Relaxed).rem_euclid(100);
    change(&prompt, name, guess, &format!("guess number {}", request.number))
}

/// Sees what a failure's log says, and only then says it.
fn analyze(request: &Request) -> String {
    let prompt = request.messages().iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n");
    let mut failed = String::new();
    for part in prompt.split("\n## ").skip(1) {
        if part.contains("at rest it is y = 7") {
            part[..7].clone_into(&mut failed);
        }
    }
    if failed.is_empty() {
        return "{\"insights\": []}".to_owned();
    }
    format!(
        "{{\"insights\": [{{\"claim\": \"the valve rests at y = 7 and tears beyond 30\", \
         \"mechanism\": \"the log of the torn valve says so\", \"kind\": \"bug\", \"confidence\": 0.9, \
         \"evidence\": [\"{failed}\"], \"recommendation\": \"set Y to 7\"}}]}}"
    )
}

async fn server() -> ModelServer {
    let guesses = Guesses::default();
    ModelServer::start(move |request| {
        let analysis = request.messages()[0].1.starts_with("You study the experiments");
        Reply::text(if analysis { analyze(request) } else { propose(request, &guesses) })
    })
    .await
    .unwrap()
}

fn place(server: &ModelServer) -> Place {
    let place = Place::new();
    place.write("program.py", PROGRAM);
    place.write("judge.sh", JUDGE);
    let more = format!(
        "[run]\nproposal_slots = 1\nevaluation_slots = 1\n\
         [search]\nstrategy = \"greedy\"\noperators = {{ diff = 1.0 }}\n\
         [budget]\ncandidates = 400\n[analyzer]\nmodel = \"oracle\"\nevery = 3\n\
         [cognition]\nsources = [\"cognition/\"]\n\
         [[model]]\nname = \"oracle\"\nbase_url = \"{}\"\n",
        server.base_url()
    );
    let toml = Place::task_toml(&more)
        .replace("goal = \"maximize\"", "goal = \"maximize\"\ntarget = 299.9999")
        .replace("Find the two numbers.", "Find the numbers of the pump.");
    place.write("task.toml", &toml);
    std::fs::write(place.path().join("zeta pump.pdf"), pdf(PAPER)).unwrap();
    place.ok(&["cognition", "add", "zeta pump.pdf", "--base", "task/cognition"]);
    place
}

/// Candidates until the target, with these switches.
async fn candidates(switches: &'static [&'static str]) -> (u64, Place) {
    let server = server().await;
    let place = place(&server);
    let args = [&["start", "task", "-q"], switches].concat();
    let mut command = place.command(&args);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let status = place.json(&["status", "--json"]);
    assert!(status["best"]["score"].as_f64().unwrap() > 299.99, "{switches:?}: {status}");
    (status["candidates"]["evaluated"].as_u64().unwrap(), place)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_knowledge_and_insights_the_target_takes_a_third_of_the_candidates() {
    let (with, place) = candidates(&[]).await;
    let (neither, _) = candidates(&["--no-cognition", "--no-analyzer"]).await;
    let (no_items, _) = candidates(&["--no-cognition"]).await;
    let (no_insights, _) = candidates(&["--no-analyzer"]).await;
    println!("all {with}, no items {no_items}, no insights {no_insights}, neither {neither}");
    assert!(with * 3 <= neither, "{with} {neither}");
    assert!(with < no_items && with < no_insights, "{with} {no_items} {no_insights}");
    // What was shown, what came of it, and the money for both kinds of call are on record.
    let insights = place.json(&["insights", "list", "latest", "--json"]);
    assert!(insights.to_string().contains("rests at y = 7"), "{insights}");
    let best = place.json(&["best", "latest", "--json"])["candidate"].as_str().unwrap().to_owned();
    let best = place.ok(&["show", "latest", &best]);
    assert!(best.contains("`score` up (came true)"), "{best}");
    place.ok(&["verify"]);
    let id = place.run_dir().file_name().unwrap().to_str().unwrap().to_owned();
    let again = place.ok(&["start", "task", "--proposer", &format!("replay:{id}")]);
    assert!(again.contains("the same decisions"), "{again}");
}

//! Proposals by the task's own program: it gets a working copy and its orders, edits files,
//! and ends. It runs in the sandbox; what it asks of models goes through [`proxy`].

mod copy;
mod guest;
mod proxy;
mod purse;
mod request;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evolve_core::event::{Change, Reservation};
use evolve_core::money::Usd;
use evolve_core::outcome::RejectReason;
use evolve_core::ports::{HostFault, NewProgram, NoProgram, ProposalOutcome, ProposalRequest};
use evolve_core::sandbox::{
    EnvValue, Exit, Folder, Refused, SandboxCommand, SandboxFile, SandboxOutcome, TakeLimits,
};
use evolve_core::task::ModelSection;
use evolve_prompts::Repair;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use evolve_core::knowledge::Credits;

use crate::by_model::{excerpt, fit, host_fault, shown_in, target};
use crate::client::Model;
use crate::material::{context, retrieve};
use crate::patching::{Checked, Mistake, Target, check_edits, idea, prediction};
use crate::proposers::Shared;
use crate::setup::CommandSetup;
use guest::Guest;
use proxy::Proxy;

/// How often the command is sent back to mend what it left.
const MAX_RETURNS: u32 = 1;
/// Least time that is worth another start.
const WORTH_STARTING: Duration = Duration::from_secs(5);
/// Bytes kept of what it prints.
const LOG: usize = 64 << 10;
/// Bounds of what is taken from the working copy.
const TAKEN: TakeLimits = TakeLimits { bytes: 64 << 20, entries: 4096, depth: 16 };
/// Largest line on the idea, in bytes.
const SUMMARY: u64 = 4096;
/// Names of the files for orders and idea.
const ORDERS: &str = "prompt.md";
const IDEA: &str = "idea.txt";

/// See the module's page.
pub(crate) struct Command {
    setup: CommandSetup,
    models: Vec<Arc<Model>>,
    proxy: OnceCell<Proxy>,
}

/// What one start of the command left.
struct Attempt {
    outcome: SandboxOutcome,
    left: Result<Vec<SandboxFile>, Refused>,
    /// What it left on its idea, and on what it expects.
    said: String,
}

impl Command {
    pub(crate) fn new(setup: CommandSetup, models: &[Arc<Model>]) -> Self {
        Self { setup, models: models.to_vec(), proxy: OnceCell::new() }
    }

    /// The most that one proposal can spend at the models.
    pub(crate) fn reservation(&self) -> Reservation {
        if self.models.is_empty() {
            return Reservation::default();
        }
        let section = &self.setup.section;
        let dearest = |model: &Arc<Model>| dearest(&model.section, section.tokens);
        let usd = self.models.iter().map(dearest).max().unwrap_or_default();
        let usd = section.usd.map_or(usd, |most| Usd::from_dollars(most).min(usd));
        Reservation { usd, tokens: section.tokens }
    }

    pub(crate) async fn propose(
        &self,
        shared: &Shared,
        credits: &Arc<Credits>,
        request: &ProposalRequest,
    ) -> ProposalOutcome {
        let mut shown = Vec::new();
        let result = self.attempt(shared, credits, request, &mut shown).await;
        ProposalOutcome { shown, result }
    }

    async fn attempt(
        &self,
        shared: &Shared,
        credits: &Arc<Credits>,
        request: &ProposalRequest,
        shown: &mut Vec<String>,
    ) -> Result<NewProgram, NoProgram> {
        let target = target(shared, request)?;
        let found = retrieve(shared, request, credits, Some(request.meter())).await;
        let full = context(shared, request, &target, found).map_err(host_fault)?;
        let prompt = fit(shared, &full)?;
        *shown = shown_in(&prompt.context);
        let orders = shared.redactor.redact(&format!("{}\n{}", prompt.system, prompt.user));
        let access = self.access(shared, request).await.map_err(host_fault)?;
        let mut record = orders.clone();
        let repair = |mistake: &Mistake| Repair {
            reason: mistake.reason,
            problem: excerpt(&mistake.problem, 4_000),
            format: target.format,
            several_files: full.several_files,
            has_regions: full.has_regions,
            parents_shown: full.parents_shown,
        };
        let work = self.work(shared, &target, &orders, &access, &mut record, &repair);
        let result = work.await;
        access.close(self).await;
        let hash = request.blobs.put(record.as_bytes()).map_err(host_fault)?;
        match result {
            Ok((done, repairs)) => Ok(NewProgram {
                prompt: Some(hash),
                repairs,
                ..NewProgram::of(done.program, done.normal, done.change)
            }),
            Err(mut none) => {
                none.prompt = Some(hash);
                none.detail = shared.redactor.redact(&none.detail);
                Err(none)
            }
        }
    }

    /// Starts the command, and once more if what it left can be mended.
    async fn work(
        &self,
        shared: &Shared,
        target: &Target,
        orders: &str,
        access: &Access,
        record: &mut String,
        repair: &(dyn Fn(&Mistake) -> Repair + Sync),
    ) -> Result<(Checked, u32), NoProgram> {
        let deadline = Instant::now() + self.setup.section.timeout.0;
        let mut files: Vec<SandboxFile> =
            target.base.iter().flat_map(|(base, _)| copy::files(base)).collect();
        let mut text = orders.to_owned();
        let mut round = 0;
        loop {
            let wall = deadline.saturating_duration_since(Instant::now());
            let attempt = self.start(&text, files, access, wall).await.map_err(host_fault)?;
            let printed = String::from_utf8_lossy(&attempt.outcome.log);
            record.push_str(&format!("\n[printed]\n{}", shared.redactor.redact(&printed)));
            succeeded(&attempt.outcome, &printed)?;
            let left = attempt.left.map_err(refused)?;
            let mistake = match self.read(target, &left, &attempt.said) {
                Ok(done) => return Ok((done, round)),
                Err(mistake) => mistake,
            };
            let time_left = deadline.saturating_duration_since(Instant::now());
            if round == MAX_RETURNS || time_left < WORTH_STARTING {
                let line = mistake.problem.split_whitespace().collect::<Vec<_>>().join(" ");
                return Err(NoProgram::new(mistake.reason, excerpt(&line, 500)));
            }
            let told = shared
                .prompts
                .repair(&repair(&mistake))
                .map_err(|error| NoProgram::new(RejectReason::HostFault, error.to_string()))?;
            record.push_str(&format!("\n[sent back]\n{told}"));
            text = format!("{orders}\n{told}");
            // What it must not remove is there again; the rest is as it left it.
            let base = target.base.iter().flat_map(|(base, _)| copy::files(base));
            let gone = base.filter(|file| left.iter().all(|other| other.path != file.path));
            files = gone.chain(left.iter().cloned()).collect();
            round += 1;
        }
    }

    /// One start, in a sandbox of its own.
    async fn start(
        &self,
        orders: &str,
        mut files: Vec<SandboxFile>,
        access: &Access,
        wall: Duration,
    ) -> Result<Attempt, HostFault> {
        let CommandSetup { section, sandbox, spec } = &self.setup;
        let mut spec = spec.clone();
        let place = |folder, path: &str| EnvValue::Place(folder, path.to_owned());
        let mut env = BTreeMap::from([
            ("EVOLVE_PROMPT".to_owned(), place(Folder::Program, ORDERS)),
            ("EVOLVE_SUMMARY".to_owned(), place(Folder::Output, IDEA)),
        ]);
        if let Some(proxy) = self.proxy.get().filter(|_| access.pass.is_some()) {
            spec.outside.door = Some(proxy.socket().to_owned());
            let text = |text: &str| EnvValue::Text(text.to_owned());
            env.insert("OPENAI_BASE_URL".to_owned(), EnvValue::Door("/v1".to_owned()));
            env.insert(
                "OPENAI_API_KEY".to_owned(),
                text(access.pass.as_deref().unwrap_or_default()),
            );
            env.insert("EVOLVE_MODEL".to_owned(), text(&access.model));
        }
        files.push(SandboxFile {
            folder: Folder::Program,
            path: ORDERS.to_owned(),
            bytes: Arc::from(orders.as_bytes()),
            executable: false,
        });
        // The task's own files come anew with each start.
        files.retain(|file| !spec.files.iter().any(|given| given.path == file.path));
        let mut session = sandbox.open(Arc::new(spec)).await?;
        let command = SandboxCommand {
            argv: section.run.clone(),
            env,
            files,
            output_is_given: false,
            wall,
            log: LOG,
        };
        let outcome = session.run(command).await?;
        let left = session.take(Folder::Work, TAKEN).await?;
        let said = session.read(Folder::Output, IDEA.to_owned(), SUMMARY).await?;
        let said = String::from_utf8_lossy(&said.unwrap_or_default()).into_owned();
        Ok(Attempt { outcome, left, said })
    }

    /// What the command left, as a program that passed the static checks.
    fn read(&self, target: &Target, left: &[SandboxFile], said: &str) -> Result<Checked, Mistake> {
        let given = &self.setup.spec.files;
        let program = copy::program(left, target.base.as_ref(), given, &target.draft_path)?;
        let base = target.base.as_ref();
        if let Some((base, editable)) = base {
            check_edits(base, editable, &program)?;
        }
        let changed = |path: &&String| {
            base.and_then(|(base, _)| base.files.get(*path)) != program.files.get(*path)
        };
        let prediction = prediction(said).unwrap_or_default();
        let summary = idea(said).unwrap_or_else(|| {
            let names: Vec<&str> =
                program.files.keys().filter(changed).map(String::as_str).collect();
            format!("edited {}", names.join(", "))
        });
        target.checked(program, Change { summary, prediction, ..Change::default() })
    }

    /// The way to the models, if there are any.
    async fn access(
        &self,
        shared: &Shared,
        request: &ProposalRequest,
    ) -> Result<Access, HostFault> {
        let Some(first) = self.models.first() else { return Ok(Access::default()) };
        let fault = |error: std::io::Error| {
            HostFault::new(format!("a command's way to the models cannot be opened: {error}"))
        };
        let open = async || Proxy::open(self.models.clone());
        let proxy = self.proxy.get_or_try_init(open).await.map_err(fault)?;
        let (redactor, clock) = (shared.redactor.clone(), Arc::clone(&shared.clock));
        let guest = Arc::new(Guest::new(request, self.reservation(), redactor, clock));
        let name = guest.order.first().unwrap_or(&first.section.name).to_string();
        let pass = proxy.admit(Arc::clone(&guest)).map_err(fault)?;
        Ok(Access { pass: Some(pass), guest: Some(guest), model: name })
    }
}

/// What so many tokens cost at most.
fn dearest(model: &ModelSection, tokens: u64) -> Usd {
    use evolve_core::money::TokenUsage;
    model.price.map_or(Usd::ZERO, |price| {
        let cost = |input, cached, output| price.cost(TokenUsage { input, cached, output });
        cost(tokens, 0, 0).max(cost(tokens, tokens, 0)).max(cost(0, 0, tokens))
    })
}

/// A proposal's leave to ask models.
#[derive(Default)]
struct Access {
    pass: Option<String>,
    guest: Option<Arc<Guest>>,
    /// The model to ask by default.
    model: String,
}

impl Access {
    /// Takes it back; all that was spent is counted then.
    async fn close(self, command: &Command) {
        if let (Some(pass), Some(proxy)) = (&self.pass, command.proxy.get()) {
            proxy.dismiss(pass);
        }
        if let Some(guest) = self.guest {
            guest.close().await;
        }
    }
}

fn refused(why: Refused) -> NoProgram {
    let what = match why {
        Refused::TooLarge => format!("it left more than {} bytes", TAKEN.bytes),
        Refused::Limit(what) | Refused::Odd(what) => {
            what.replace("the output", "its working copy:")
        }
    };
    NoProgram::new(RejectReason::CommandFailed, what)
}

/// Whether the command ended well.
fn succeeded(outcome: &SandboxOutcome, printed: &str) -> Result<(), NoProgram> {
    let how = match outcome.exit {
        Exit::Code(0) => return Ok(()),
        Exit::Code(code) => format!("the command ended with exit code {code}"),
        Exit::Signal(signal) => format!("the command was ended by signal {signal}"),
        Exit::TimedOut => "the command was not done in time".to_owned(),
        Exit::OutOfMemory => "the command hit its memory limit".to_owned(),
    };
    let last = printed.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let detail =
        if last.is_empty() { how } else { format!("{how}: {}", excerpt(last.trim(), 300)) };
    Err(NoProgram::new(RejectReason::CommandFailed, detail))
}

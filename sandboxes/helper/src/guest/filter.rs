//! What a command may ask of the kernel: a seccomp filter against system calls that no program
//! under test needs and attacks do, and a Landlock domain against reaching out of the sandbox.

use std::collections::BTreeMap;
use std::io;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// What is applied to a child.
#[derive(Default)]
pub(crate) struct Filter {
    calls: Option<BpfProgram>,
    missing_calls: Option<BpfProgram>,
    domain: Option<RulesetCreated>,
}

impl Filter {
    /// As much as this kernel has. `writable` are the folders that may be written.
    pub(super) fn new(writable: &[&str]) -> Self {
        Self {
            calls: refused().ok(),
            missing_calls: unknown().ok(),
            domain: domain(writable).ok().filter(|_| landlock_is_there()),
        }
    }

    /// What is active, for people.
    pub(super) fn layers(&self) -> Vec<String> {
        let seccomp = if self.calls.is_some() {
            "enforced: seccomp refuses tracing, keyrings, namespaces, mounts, kernel modules, BPF, \
             io_uring and their like"
        } else {
            "not enforced: seccomp is not available for this processor"
        };
        let landlock = if self.domain.is_some() {
            "enforced: Landlock keeps writes to the sandbox's own folders"
        } else {
            "not enforced: this kernel has no Landlock (or it is not let through)"
        };
        vec![seccomp.to_owned(), landlock.to_owned()]
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            calls: self.calls.clone(),
            missing_calls: self.missing_calls.clone(),
            domain: self.domain.as_ref().map(RulesetCreated::try_clone).transpose()?,
        })
    }

    /// Confines this thread and what it becomes. Once.
    pub(crate) fn apply(&mut self) -> io::Result<()> {
        if let Some(domain) = self.domain.take() {
            let status = domain.restrict_self().map_err(io::Error::other)?;
            if status.ruleset == RulesetStatus::NotEnforced {
                return Err(io::Error::other("Landlock is there, but does not work"));
            }
        }
        for program in [&self.missing_calls, &self.calls].into_iter().flatten() {
            seccompiler::apply_filter(program).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// Asked once with a real domain in a thread of its own, since the answer may differ between
/// kernels, containers and their filters.
fn landlock_is_there() -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .is_ok()
}

fn domain(writable: &[&str]) -> Result<RulesetCreated, landlock::RulesetError> {
    let abi = ABI::V6;
    let all = AccessFs::from_all(abi);
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .scope(Scope::AbstractUnixSocket)?
        .create()?;
    let read = AccessFs::from_read(abi);
    if let Ok(root) = PathFd::new("/") {
        // Talking to a device is not a way out: which ones there are is decided elsewhere.
        ruleset = ruleset.add_rule(PathBeneath::new(root, read | AccessFs::IoctlDev))?;
    }
    for folder in writable {
        if let Ok(folder) = PathFd::new(folder) {
            ruleset = ruleset.add_rule(PathBeneath::new(folder, all))?;
        }
    }
    Ok(ruleset)
}

/// System calls that are refused with `EPERM`.
const REFUSED: &[libc::c_long] = &[
    // Looking into other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    // Keys.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Namespaces, mounts, roots.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    // Ways around paths.
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    // The kernel itself.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_syslog,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_vhangup,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    // Names and clocks of the machine.
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

/// System calls that are refused as if the kernel did not have them, so that libraries take
/// the older way (whose arguments a filter can see).
const UNKNOWN: &[libc::c_long] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

fn refused() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        both_ways(REFUSED).map(|call| (call, Vec::new())).collect();
    // New namespaces by clone(2): any of these flags.
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    let mut clone = Vec::new();
    for bit in (0..32).map(|bit| 1_u64 << bit).filter(|bit| u64::from(namespaces as u32) & bit != 0)
    {
        clone.push(rule(0, SeccompCmpOp::MaskedEq(bit), bit)?);
    }
    rules.insert(libc::SYS_clone, clone);
    // Typing into a terminal.
    rules.insert(
        libc::SYS_ioctl,
        vec![
            rule(1, SeccompCmpOp::Eq, u64::from(libc::TIOCSTI as u32))?,
            rule(1, SeccompCmpOp::Eq, u64::from(libc::TIOCLINUX as u32))?,
        ],
    );
    // Limits and priorities of other processes: of the helper, which is of the same user.
    let other_process = |argument| rule(argument, SeccompCmpOp::Ne, 0).map(|rule| vec![rule]);
    rules.insert(libc::SYS_prlimit64, other_process(0)?);
    rules.insert(libc::SYS_setpriority, other_process(1)?);
    rules.insert(libc::SYS_ioprio_set, other_process(1)?);
    // Kinds of sockets other than local, IP and netlink (which libraries ask for addresses).
    let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    let other = families
        .iter()
        .map(|family| {
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, *family as u64)
        })
        .collect::<Result<Vec<_>, _>>()?;
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(other)?]);
    compile(rules, libc::EPERM)
}

fn unknown() -> Result<BpfProgram, seccompiler::BackendError> {
    let rules = both_ways(UNKNOWN).map(|call| (call, Vec::new())).collect();
    compile(rules, libc::ENOSYS)
}

/// The numbers of system calls, and those by which x86-64 offers the same to 32-bit pointers.
fn both_ways(calls: &[libc::c_long]) -> impl Iterator<Item = libc::c_long> + '_ {
    const X32: libc::c_long = 0x4000_0000;
    let x32 = calls.iter().filter(|_| cfg!(target_arch = "x86_64")).map(|call| call | X32);
    calls.iter().copied().chain(x32)
}

fn rule(
    argument: u8,
    compare: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        compare,
        value,
    )?])
}

fn compile(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    errno: i32,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let refuse = SeccompAction::Errno(errno as u32);
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()
}

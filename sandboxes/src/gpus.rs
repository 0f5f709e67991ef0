//! The accelerators of this machine, as NVIDIA's management library tells.

use std::sync::LazyLock;

use evolve_core::device::Gpu;
use nvml_wrapper::Nvml;

/// The library, if there is one; it comes with the driver.
static NVML: LazyLock<Result<Nvml, String>> =
    LazyLock::new(|| Nvml::init().map_err(|error| error.to_string()));

/// Every GPU of this machine; none where there is no driver.
pub fn gpus() -> Vec<Gpu> {
    let Ok(nvml) = &*NVML else { return Vec::new() };
    let count = nvml.device_count().unwrap_or(0);
    (0..count)
        .filter_map(|index| {
            let device = nvml.device_by_index(index).ok()?;
            Some(Gpu {
                index,
                minor: device.minor_number().unwrap_or(index),
                uuid: device.uuid().ok()?,
                name: device.name().unwrap_or_else(|_| "unknown".to_owned()),
                memory: device.memory_info().ok()?.total,
            })
        })
        .collect()
}

/// Why there are no GPUs, or how these are: a line each. What is wrong with one comes first
/// in its line.
pub fn gpu_health() -> Vec<String> {
    let nvml = match &*NVML {
        Ok(nvml) => nvml,
        Err(why) => return vec![format!("no GPU can be used: {why}")],
    };
    let lines = gpus().into_iter().filter_map(|gpu| {
        let device = nvml.device_by_index(gpu.index).ok()?;
        let mut said = Vec::new();
        let errors = device.total_ecc_errors(
            nvml_wrapper::enum_wrappers::device::MemoryError::Uncorrected,
            nvml_wrapper::enum_wrappers::device::EccCounter::Volatile,
        );
        if let Some(errors) = errors.ok().filter(|errors| *errors > 0) {
            said.push(format!("{errors} memory errors that could not be corrected"));
        }
        let reasons = device.current_throttle_reasons().ok();
        let hot = nvml_wrapper::bitmasks::device::ThrottleReasons::HW_THERMAL_SLOWDOWN
            | nvml_wrapper::bitmasks::device::ThrottleReasons::SW_THERMAL_SLOWDOWN
            | nvml_wrapper::bitmasks::device::ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN;
        if reasons.is_some_and(|reasons| reasons.intersects(hot)) {
            said.push("slowed down by heat or power".to_owned());
        }
        if let Ok(busy) = device.running_compute_processes()
            && !busy.is_empty()
        {
            said.push(format!("used by {} processes", busy.len()));
        }
        if said.is_empty() {
            said.push("healthy".to_owned());
        }
        Some(format!(
            "cuda:{} {} ({}): {}",
            gpu.index,
            gpu.name,
            evolve_core::task::Bytes(gpu.memory),
            said.join(", ")
        ))
    });
    lines.collect()
}

/// Joules that a GPU has used since its driver was loaded.
pub(crate) fn joules(gpu: &Gpu) -> Option<f64> {
    let nvml = NVML.as_ref().ok()?;
    let device = nvml.device_by_uuid(gpu.uuid.as_str()).ok()?;
    device.total_energy_consumption().ok().map(|millijoules| millijoules as f64 / 1e3)
}
